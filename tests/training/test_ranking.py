import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from class_sweep.training import ranking
from class_sweep.training.ranking import mean_metrics, mid_ranks

# Scores in eighths are exact in float32, and few, so that many tie.
score_tables = st.tuples(st.integers(1, 6), st.integers(1, 8)).flatmap(
    lambda shape: hnp.arrays(np.int8, shape, elements=st.integers(-3, 3))
)


def by_definition(scores, targets):
    """The mean of the ranks that the target may have among candidates of equal score."""
    ranks = []
    for row, target in zip(scores, targets, strict=True):
        above = sum(score > row[target] for score in row)
        level = sum(score == row[target] for score in row)
        ranks.append(np.mean(range(above + 1, above + level + 1)))
    return ranks


def ranks_of(scores, targets):
    """Ranks from a table of scores: queries are unit vectors, candidates the table's columns."""
    table = torch.from_numpy(scores).float() / 8
    return mid_ranks(torch.eye(len(scores)), table.T.contiguous(), torch.tensor(targets))


@given(score_tables, st.data())
def test_ranks_are_those_of_the_definition(scores, data):
    queries, candidates = scores.shape
    candidate = st.integers(0, candidates - 1)
    targets = data.draw(st.lists(candidate, min_size=queries, max_size=queries))
    ranks = ranks_of(scores, targets)
    assert ranks.dtype == np.float64
    assert ranks.tolist() == by_definition(scores, targets)


@pytest.mark.parametrize("ties", [1, 2, 3, 10])
def test_ties_take_the_middle_of_their_ranks(ties):
    scores = np.array([[5] + [3] * ties + [1]], np.int8)
    expected = 1 + (1 + ties) / 2
    assert [ranks_of(scores, [place])[0] for place in range(1, 1 + ties)] == [expected] * ties


def test_equal_scores_give_the_middle_rank():
    ranks = mid_ranks(torch.ones(9, 1), torch.ones(9, 1), torch.arange(9))
    assert ranks.tolist() == [5.0] * 9
    assert mean_metrics(ranks)["hits@1"] == 0


def test_the_position_of_a_query_is_no_advantage():
    generator = torch.Generator().manual_seed(0)
    queries, candidates = torch.randn(2, 12, 4, generator=generator)
    order = torch.randperm(12, generator=generator)
    ranks = mid_ranks(queries, candidates, torch.arange(12))
    positions = torch.argsort(order)
    assert np.array_equal(mid_ranks(queries, candidates[order], positions), ranks)


@pytest.mark.parametrize("block", [1, 4, 9, 27, 100])
@pytest.mark.parametrize("ignored", [False, True])
def test_ranks_do_not_depend_on_the_blocks(block, ignored, monkeypatch):
    queries, candidates = 27, 11
    monkeypatch.setattr(ranking, "_BLOCK_SCORES", block * candidates)
    generator = np.random.default_rng(0)
    texts = generator.integers(-2, 3, size=(queries, 4)).astype(np.float32) / 8
    molecules = generator.integers(-2, 3, size=(candidates, 4)).astype(np.float32) / 8
    targets = generator.integers(0, candidates, queries)
    scores = texts @ molecules.T  # exact: sums of small multiples of 1/64
    left_out = None
    if ignored:
        rows = np.array([0, 3, 10, 10, 19, 26])
        columns = (targets[rows] + [1, 2, 1, 3, 4, 5]) % candidates
        scores[rows, columns] = -np.inf
        left_out = torch.from_numpy(rows), torch.from_numpy(columns)
    ranks = mid_ranks(*map(torch.from_numpy, (texts, molecules, targets)), left_out)
    assert ranks.tolist() == by_definition(scores, targets)


@given(st.integers(2, 200), st.integers(1, 5), st.integers(0, 99))
def test_equal_candidates_tie(distinct, copies, seed):
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.nn.functional.normalize(torch.randn(distinct, 24, generator=generator), dim=1)
    order = torch.randperm(distinct * copies, generator=generator)
    candidates = vectors.repeat(copies, 1)[order]
    ranks = mid_ranks(candidates, candidates, torch.arange(len(candidates)))
    assert ranks.tolist() == [(1 + copies) / 2] * len(candidates)


def test_metrics_by_hand():
    metrics = mean_metrics(np.array([1.0, 2.0, 4.0, 10.0, 10.5, 20.0]))
    assert metrics == {
        "mrr": pytest.approx((1 + 1 / 2 + 1 / 4 + 1 / 10 + 1 / 10.5 + 1 / 20) / 6),
        "hits@1": pytest.approx(1 / 6),
        "hits@10": pytest.approx(4 / 6),
        "mean_rank": pytest.approx(47.5 / 6),
        "log_rank": pytest.approx(math.log(2 * 4 * 10 * 10.5 * 20) / 6),
    }


def test_a_tie_for_the_first_rank_is_no_hit():
    assert mean_metrics(np.array([1.5]))["hits@1"] == 0


@given(hnp.arrays(np.float64, st.integers(1, 20), elements=st.integers(2, 60).map(lambda n: n / 2)))
def test_metrics_are_fractions_and_a_rank(ranks):
    metrics = mean_metrics(ranks)
    assert 0 < metrics["mrr"] <= 1
    assert 0 <= metrics["hits@1"] <= metrics["hits@10"] <= 1
    assert metrics["mean_rank"] >= 1
    assert metrics["mrr"] >= metrics["hits@1"]

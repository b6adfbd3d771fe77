"""The candidates of a query, the right ones among them, and the ceiling of Hits@1."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.config.objective import DIRECTIONS
from class_sweep.training.ceiling import ceilings
from class_sweep.training.features import TrialFeatures
from class_sweep.training.pools import pool_of
from class_sweep.training.ranking import mid_ranks
from class_sweep.training.split_metrics import pool_ranks, split_metrics

CPU = torch.device("cpu")


class Table(torch.nn.Module):
    """A backbone whose embeddings are its inputs."""

    reranks = False

    def encode_texts(self, texts):
        return {"embedding": texts.sentence}

    def encode_molecules(self, molecules):
        return {"embedding": molecules.vectors}

    def pair_scores(self, texts, molecules):
        return (texts["embedding"] * molecules["embedding"]).sum(dim=1)


def data(texts, molecules, more=0, seed=0):
    """Pairs, all of validation, of numbered texts and molecules, and molecules without text."""
    generator = np.random.default_rng(seed)

    def unit(count):
        vectors = generator.normal(size=(count, 6)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    numbers = [*molecules, *range(max(molecules) + 1, max(molecules) + 1 + more)]
    return TrialFeatures(
        unit(max(texts) + 1)[list(texts)],
        unit(max(numbers) + 1)[numbers],
        np.ones(len(texts), np.int8),
        {},
        text_ids=np.array(texts, np.int32),
        molecule_ids=np.array(numbers, np.int32),
    )


def by_definition(features, texts, molecules, more):
    """Each query's rank among the distinct candidates without further right ones."""
    pairs = set(zip(texts, molecules, strict=True))
    candidates = sorted({*molecules, *features.molecule_ids[len(texts) :].tolist()} if more else
                   {*molecules})  # fmt: skip
    of_text = {t: features.text[texts.index(t)] for t in texts}
    row_ids = features.molecule_ids.tolist()
    of_molecule = {m: features.molecule[row_ids.index(m)] for m in candidates}
    ranks = {"text_to_molecule": [], "molecule_to_text": []}
    for text, molecule in zip(texts, molecules, strict=True):
        wrong = [m for m in candidates if (text, m) not in pairs]
        target_score = of_text[text] @ of_molecule[molecule]
        above = sum(of_text[text] @ of_molecule[m] > target_score for m in wrong)
        ranks["text_to_molecule"].append(1 + above)
        wrong = [t for t in of_text if (t, molecule) not in pairs]
        above = sum(of_molecule[molecule] @ of_text[t] > target_score for t in wrong)
        ranks["molecule_to_text"].append(1 + above)
    return ranks


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12),
    st.integers(0, 3),
    st.integers(0, 9),
)
def test_ranks_count_distinct_wrong_candidates_alone(pairs, more, seed):
    texts, molecules = (list(side) for side in zip(*pairs, strict=True))
    features = data(texts, molecules, more, seed)
    ranks = pool_ranks(Table(), features, "validation", ("split", "all"), CPU)
    for pool in ("split", "all"):
        expected = by_definition(features, texts, molecules, more if pool == "all" else 0)
        assert {d: ranks[pool][d].tolist() for d in DIRECTIONS} == expected


def test_further_right_candidates_stay_out_when_reranked():
    # Text 0 is right for the molecules 0 and 1, and molecule 1 for the texts 0 and 1.
    texts, molecules = [0, 0, 1, 2], [0, 1, 1, 2]
    for seed in range(8):
        features = data(texts, molecules, 2, seed)
        ranks = pool_ranks(Table(), features, "validation", ("all",), CPU, depth=100)["all"]
        expected = by_definition(features, texts, molecules, 2)
        assert {d: ranks[d].tolist() for d in DIRECTIONS} == expected


def test_a_molecule_of_several_texts_does_not_tie_with_itself():
    features = data([0, 1, 2], [0, 0, 1])
    pool = pool_of(features, "validation", "split")
    assert pool.molecules.ids.tolist() == [0, 1]
    assert pool.molecules.pair_index.tolist() == [0, 0, 1]
    # For molecule 0, its other text is no wrong answer.
    assert [side.tolist() for side in pool.texts.ignored] == [[0, 1], [1, 0]]
    assert pool.molecules.ignored is None


def test_molecules_without_text_are_candidates_only_in_the_pool_all():
    features = data([0, 1], [0, 1], more=3)
    sizes = {
        name: [len(side.ids) for side in (pool.texts, pool.molecules)]
        for name in ("split", "all")
        for pool in [pool_of(features, "validation", name)]
    }
    assert sizes == {"split": [2, 2], "all": [2, 5]}


def test_without_ids_all_rows_are_distinct():
    features = replace(data([0, 1, 2], [0, 1, 2]), text_ids=None, molecule_ids=None)
    with_ids = data([0, 1, 2], [0, 1, 2])
    assert split_metrics(Table(), features, "validation", ("all",), CPU) == split_metrics(
        Table(), with_ids, "validation", ("all",), CPU
    )


def ceilings_of(texts, molecules, text_keys, molecule_keys):
    pool = pool_of(data(texts, molecules), "validation", "split")
    bounds = ceilings(pool, np.array(text_keys), np.array(molecule_keys))
    return {direction: (bound.alike, bound.hits_at_1) for direction, bound in bounds.items()}


def test_distinct_inputs_have_a_ceiling_of_1():
    assert set(ceilings_of([0, 1], [0, 1], [0, 1], [0, 1]).values()) == {(0.0, 1.0)}


def test_molecules_with_equal_inputs_tie_as_candidates_and_compete_as_queries():
    bounds = ceilings_of([0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3], [0, 0, 0, 1])
    assert bounds["text_to_molecule"] == (0.75, 0.25)
    assert bounds["molecule_to_text"] == (0.75, pytest.approx(0.5))  # one of three, and the fourth


def test_a_further_right_candidate_does_not_lower_the_ceiling():
    # One molecule with two texts, and one text of two molecules.
    bounds = ceilings_of([0, 1, 2, 2], [0, 0, 1, 2], [0, 1, 2, 2], [0, 0, 1, 2])
    assert bounds["molecule_to_text"] == (0.0, 1.0)
    assert bounds["text_to_molecule"] == (0.0, 1.0)
    # One text of three molecules with equal inputs: none is a wrong answer.
    bounds = ceilings_of([0, 0, 0, 1], [0, 1, 2, 3], [0, 0, 0, 1], [0, 0, 0, 1])
    assert bounds["text_to_molecule"] == (0.0, 1.0)


@given(st.lists(st.integers(0, 3), min_size=2, max_size=10), st.integers(0, 9))
def test_no_model_exceeds_the_ceiling(keys, seed):
    count = len(keys)
    features = data(list(range(count)), list(range(count)), seed=seed)
    alike = np.array([keys.index(key) for key in keys])
    features = replace(features, molecule=features.molecule[alike])
    ranks = pool_ranks(Table(), features, "validation", ("split",), CPU)["split"]
    pool = pool_of(features, "validation", "split")
    bounds = ceilings(pool, np.arange(count), alike)
    for direction in DIRECTIONS:
        assert (ranks[direction] <= 1).mean() <= bounds[direction].hits_at_1 + 1e-9


def test_an_ignored_candidate_changes_no_other_query():
    generator = torch.Generator().manual_seed(0)
    queries = torch.nn.functional.normalize(torch.randn(9, 4, generator=generator), dim=1)
    plain = mid_ranks(queries, queries.roll(1, 0), torch.arange(9))
    without = mid_ranks(
        queries, queries.roll(1, 0), torch.arange(9), (torch.tensor([4]), torch.tensor([5]))
    )
    assert plain[4] > without[4]  # its own vector was the next one
    assert np.array_equal(np.delete(plain, 4), np.delete(without, 4))

import numpy as np
import pytest

from class_sweep.config.components import METRICS
from class_sweep.config.objective import DIRECTIONS, POOLS, metric_names
from class_sweep.errors import ConfigError
from class_sweep.statistics.two_way_bootstrap import intervals, scores

NAMES = [f"{pool}/{direction}" for pool in POOLS for direction in DIRECTIONS]


def ranks(generator, seeds=4, queries=300, worst=50):
    return {
        name: generator.integers(1, worst, (seeds, queries)).astype(np.float32) for name in NAMES
    }


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("mrr", [1, 0.5, 0.4, 0.1, 1 / 11]),
        ("hits@1", [1, 0, 0, 0, 0]),
        ("hits@10", [1, 1, 1, 1, 0]),
        ("mean_rank", [1, 2, 2.5, 10, 11]),
    ],
)
def test_the_scores_of_ranks(metric, expected):
    result = scores(np.array([1, 2, 2.5, 10, 11], dtype=np.float32), metric)
    assert result.tolist() == pytest.approx(expected)


def test_an_unknown_metric_is_refused():
    with pytest.raises(ConfigError, match=r"must be one of mrr, .* got 'ndcg'"):
        scores(np.ones(2, dtype=np.float32), "ndcg")


def test_every_metric_has_an_interval_whose_width_is_zero_for_equal_arms():
    first = ranks(np.random.default_rng(0))
    result = intervals(first, first)
    assert set(result) == set(metric_names())
    assert set(result.values()) == {(0.0, 0.0)}


def test_an_interval_contains_the_difference_and_swapped_arms_mirror_it():
    generator = np.random.default_rng(1)
    first, second = ranks(generator, worst=20), ranks(generator, worst=40)
    forward, backward = intervals(first, second), intervals(second, first)
    for name in NAMES:
        for metric in METRICS:
            mean = float((scores(first[name], metric) - scores(second[name], metric)).mean())
            low, high = forward[f"{name}/{metric}"]
            assert low < mean < high
            assert backward[f"{name}/{metric}"] == pytest.approx((-high, -low), abs=1e-5)


def test_with_identical_seeds_the_width_is_that_of_the_queries():
    generator = np.random.default_rng(2)
    same = generator.integers(1, 50, 400).astype(np.float32)
    second = generator.integers(1, 50, 400).astype(np.float32)
    first = {name: np.tile(same, (5, 1)) for name in NAMES}
    two = {name: np.tile(second, (5, 1)) for name in NAMES}
    low, high = intervals(first, two)["split/text_to_molecule/mean_rank"]
    error = (same - second).std() / np.sqrt(400)
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_with_identical_queries_the_width_is_that_of_the_seeds():
    generator = np.random.default_rng(4)
    by_seed = generator.integers(1, 50, (2, 60, 1)).astype(np.float32)
    first, second = ({name: np.tile(arm, (1, 8)) for name in NAMES} for arm in by_seed)
    low, high = intervals(first, second)["split/text_to_molecule/mean_rank"]
    error = (by_seed[0] - by_seed[1]).std() / np.sqrt(60)
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_draws_are_seeded():
    generator = np.random.default_rng(3)
    first, second = ranks(generator), ranks(generator)
    assert intervals(first, second, draws=100) == intervals(first, second, draws=100)
    assert intervals(first, second, draws=100) != intervals(first, second, draws=100, seed=1)

import numpy as np
import pytest
from scipy import stats

from class_sweep.config.components import METRICS
from class_sweep.config.objective import DIRECTIONS, POOLS, metric_names
from class_sweep.errors import ConfigError
from class_sweep.statistics.seeds_and_queries import interval, intervals, scores

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


def test_an_interval_is_centred_on_the_difference_and_swapped_arms_mirror_it():
    generator = np.random.default_rng(1)
    first, second = ranks(generator, worst=20), ranks(generator, worst=40)
    forward, backward = intervals(first, second), intervals(second, first)
    for name in NAMES:
        for metric in METRICS:
            mean = float((scores(first[name], metric) - scores(second[name], metric)).mean())
            low, high = forward[f"{name}/{metric}"]
            assert (low + high) / 2 == pytest.approx(mean)
            assert backward[f"{name}/{metric}"] == pytest.approx((-high, -low))


def test_with_identical_seeds_the_interval_is_the_t_interval_of_the_queries():
    by_query = np.random.default_rng(2).normal(1, 1, 400)
    expected = stats.ttest_1samp(by_query, 0).confidence_interval(0.95)
    assert interval(np.tile(by_query, (5, 1)), 0.05) == pytest.approx(tuple(expected))


def test_with_identical_queries_the_interval_is_the_t_interval_of_the_seeds():
    by_seed = np.random.default_rng(4).normal(1, 1, 6)
    expected = stats.ttest_1samp(by_seed, 0).confidence_interval(0.95)
    assert interval(np.tile(by_seed[:, None], (1, 8)), 0.05) == pytest.approx(tuple(expected))


@pytest.mark.parametrize(
    ("seed_sd", "query_sd", "noise", "seeds"),
    [(0, 0, 1, 3), (0, 0, 1, 10), (0.3, 0, 1, 3), (1, 0, 1, 5), (0, 1, 1, 5), (0.3, 1, 1, 5)],
)
def test_an_interval_covers_the_truth_as_often_as_it_says(seed_sd, query_sd, noise, seeds):
    generator, covered, queries, draws = np.random.default_rng(7), 0, 60, 1500
    for _ in range(draws):
        table = generator.normal(0, noise, (seeds, queries))
        table += generator.normal(0, seed_sd, (seeds, 1)) + generator.normal(0, query_sd, queries)
        low, high = interval(table, 0.05)
        covered += low < 0 < high
    # Few seeds with an effect as large as the noise of their queries give 92.7 %.
    assert 0.92 < covered / draws < 0.995

"""Bootstrap intervals of the metrics over the queries of a split."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from class_sweep.config.components import METRICS
from class_sweep.config.objective import DIRECTIONS, metric_name
from class_sweep.training.ranking import query_metrics

DRAWS = 1000
_BLOCK_WEIGHTS = 1 << 22  # weights in memory at a time: 32 MiB

Interval = tuple[float, float]


def intervals(
    pool: str, ranks: Mapping[str, NDArray[np.float64]], *, seed: int = 0
) -> dict[str, Interval]:
    """The 95 % percentile interval of each metric of one pool, under its full name.

    Pairs are drawn with replacement, each with both of its directions. The interval of the mean of
    both directions thus accounts for their correlation (Efron and Tibshirani 1993, chapter 13).

    Args:
        pool: The name of the pool.
        ranks: Direction to the (Q,) ranks of the same pairs.
        seed: The seed of the draws.
    """
    by_direction = {direction: query_metrics(ranks[direction]) for direction in DIRECTIONS}
    values = {metric_name(pool, m, d): by_direction[d][m] for d in DIRECTIONS for m in METRICS}
    for m in METRICS:
        values[metric_name(pool, m)] = np.mean([by_direction[d][m] for d in DIRECTIONS], axis=0)
    table = np.stack(list(values.values()), axis=1)
    means = _bootstrap_means(table, np.random.default_rng(seed))
    low, high = np.quantile(means, [0.025, 0.975], axis=0)
    return {name: (float(low[i]), float(high[i])) for i, name in enumerate(values)}


def _bootstrap_means(
    table: NDArray[np.float64], generator: np.random.Generator
) -> NDArray[np.float64]:
    """(DRAWS, M) the means of (Q, M) values over Q rows drawn with replacement."""
    queries = len(table)
    size = max(1, _BLOCK_WEIGHTS // queries)
    means = []
    for start in range(0, DRAWS, size):
        count = min(size, DRAWS - start)
        drawn = generator.integers(queries, size=(count, queries))
        drawn += queries * np.arange(count)[:, None]
        weights = np.bincount(drawn.ravel(), minlength=count * queries).reshape(count, queries)
        means.append(weights @ table / queries)
    return np.concatenate(means)

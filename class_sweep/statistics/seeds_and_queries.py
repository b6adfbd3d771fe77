"""The interval over seeds and queries: how a difference varies with other seeds and queries.

The t-test's interval holds for other seeds on the same queries. This interval also holds for other
queries of the same kind. It is that of a two-way layout with one value in each cell, by the method
of moments (Searle, Casella, McCulloch 1992, Variance Components, chapter 4), with Satterthwaite's
degrees of freedom (1946, Biometrics Bulletin 2:110).
"""

from collections.abc import Mapping
from itertools import product

import numpy as np
from numpy.typing import NDArray

from class_sweep.config.components import METRICS
from class_sweep.config.objective import DIRECTIONS, POOLS, metric_name, ranking_name
from class_sweep.statistics.paired import upper_quantile


def scores(ranks: NDArray[np.float32], metric: str) -> NDArray[np.float64]:
    """The values whose mean is the metric, one for each rank.

    Raises:
        ConfigError: If the metric is unknown.
    """
    values: NDArray[np.float64] = METRICS.load(metric)(ranks).astype(np.float64)
    return values


def intervals(
    first: Mapping[str, NDArray[np.float32]],
    second: Mapping[str, NDArray[np.float32]],
    *,
    level: float = 0.05,
) -> dict[str, tuple[float, float]]:
    """Intervals of first − second for every metric, `pool/[direction/]metric`.

    Args:
        first: `pool/direction` to the (S, Q) ranks under S seeds of Q queries.
        second: The ranks of the other arm under the same seeds and queries.
        level: Error of the interval; 0.05 gives a 95 % interval.
    """
    found: dict[str, tuple[float, float]] = {}
    for pool, metric in product(POOLS, METRICS):
        differences = []
        for direction in DIRECTIONS:
            ranking = ranking_name(pool, direction)
            differences.append(scores(first[ranking], metric) - scores(second[ranking], metric))
            found[metric_name(pool, metric, direction)] = interval(differences[-1], level)
        found[metric_name(pool, metric)] = interval(np.mean(differences, axis=0), level)
    return found


def interval(differences: NDArray[np.float64], level: float) -> tuple[float, float]:
    """The interval of the mean of a two-way layout.

    The variance of the mean is (MSS + MSQ − MSE) / (S Q), of the mean squares between seeds,
    between queries and of the residuals, and never below MSE / (S Q), that of independent cells.

    Args:
        differences: (S, Q), S and Q at least 2.
        level: Error of the interval.
    """
    seeds, queries = differences.shape
    mean = float(differences.mean())
    by_seed, by_query = differences.mean(axis=1), differences.mean(axis=0)
    residuals = differences - by_seed[:, None] - by_query + mean
    degrees = np.array([seeds - 1, queries - 1, (seeds - 1) * (queries - 1)])
    squares = np.array(
        [
            queries * np.square(by_seed - mean).sum(),
            seeds * np.square(by_query - mean).sum(),
            np.square(residuals).sum(),
        ]
    )
    squares /= degrees
    between, error = squares[0] + squares[1] - squares[2], squares[2]
    if between > error:
        freedom = between**2 / (squares**2 / degrees).sum()
    else:
        between, freedom = error, degrees[2]
    half = upper_quantile(max(1.0, freedom), level / 2) * np.sqrt(between / differences.size)
    return mean - float(half), mean + float(half)

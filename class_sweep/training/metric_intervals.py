"""How far a metric may be off for the luck of its queries: bootstrap intervals."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from class_sweep.config.components import METRICS
from class_sweep.config.objective import DIRECTIONS
from class_sweep.training.ranking import metrics_of

DRAWS = 1000
_HELD = 1 << 22  # weights held at a time: 32 MiB

Interval = tuple[float, float]


def intervals(ranks: Mapping[str, NDArray[np.float64]], *, seed: int = 0) -> dict[str, Interval]:
    """The 95 % percentile interval of each metric of one pool, named as the metrics are.

    Pairs are drawn with replacement, each with both of its directions, so that the interval of
    their mean knows that they are of the same pairs (Efron and Tibshirani 1993, chapter 13).

    Args:
        ranks: Direction to (Q,) ranks of the same pairs.
        seed: Of the draws.
    """
    each = {direction: metrics_of(ranks[direction]) for direction in DIRECTIONS}
    values = {f"{d}/{m}": each[d][m] for d in DIRECTIONS for m in METRICS}
    values |= {m: np.mean([each[d][m] for d in DIRECTIONS], axis=0) for m in METRICS}
    table = np.stack(list(values.values()), axis=1)
    drawn = _means(table, np.random.default_rng(seed))
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return {name: (float(low[i]), float(high[i])) for i, name in enumerate(values)}


def _means(table: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    """(DRAWS, M) the means of (Q, M) values over Q rows drawn with replacement."""
    queries = len(table)
    size = max(1, _HELD // queries)
    found = []
    for start in range(0, DRAWS, size):
        count = min(size, DRAWS - start)
        drawn = generator.integers(queries, size=(count, queries))
        drawn += queries * np.arange(count)[:, None]
        weights = np.bincount(drawn.ravel(), minlength=count * queries).reshape(count, queries)
        found.append(weights @ table / queries)
    return np.concatenate(found)

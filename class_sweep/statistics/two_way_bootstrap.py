"""Differences over other seeds and other queries: the bootstrap over both at once.

The t-test's interval is about other seeds over these very queries. Here seeds and queries are drawn
anew with replacement, each as a whole (the two-way bootstrap of Owen 2007, Annals of Applied
Statistics 1:386, which is conservative), so the interval is about other queries of their kind too.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from class_sweep.config.components import METRICS
from class_sweep.config.objective import DIRECTIONS, POOLS

DRAWS = 2000
_AT_A_TIME = 250  # draws whose weights are in memory together


def scores(ranks: NDArray[np.float32], metric: str) -> NDArray[np.float32]:
    """The values whose mean is the metric, one for each rank.

    Raises:
        ConfigError: If the metric is unknown.
    """
    values: NDArray[np.float32] = METRICS.load(metric)(ranks).astype(np.float32)
    return values


def intervals(
    one: Mapping[str, NDArray[np.float32]],
    other: Mapping[str, NDArray[np.float32]],
    *,
    level: float = 0.05,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Percentile intervals of `one` − `other` for every metric, `pool/[direction/]metric`.

    Args:
        one: The (S, Q) ranks under S seeds of Q queries, for each `pool/direction`.
        other: Those of the other arm under the same seeds and queries.
        level: The interval's error; 0.05 is a 95 % one.
        draws: How many there are.
        seed: Of the draws.
    """
    generator = np.random.default_rng(seed)
    names = [f"{pool}/{direction}" for pool in POOLS for direction in DIRECTIONS]
    differences = {
        f"{name}/{metric}": scores(one[name], metric) - scores(other[name], metric)
        for name in names
        for metric in METRICS
    }
    seeds, queries = next(iter(differences.values())).shape
    drawn: dict[str, list[NDArray[np.float32]]] = {name: [] for name in differences}
    for start in range(0, draws, _AT_A_TIME):
        size = min(_AT_A_TIME, draws - start)
        of_seeds = _weights(generator, size, seeds)
        of_queries = _weights(generator, size, queries)
        for name, d in differences.items():
            drawn[name].append(((of_seeds @ d) * of_queries).sum(axis=1))
    found = {name: np.concatenate(parts) for name, parts in drawn.items()}
    for pool in POOLS:
        for metric in METRICS:
            both = [found[f"{pool}/{direction}/{metric}"] for direction in DIRECTIONS]
            found[f"{pool}/{metric}"] = np.mean(both, axis=0, dtype=np.float32)
    ends = (level / 2, 1 - level / 2)
    return {name: _ends(values, ends) for name, values in found.items()}


def _weights(generator: np.random.Generator, draws: int, n: int) -> NDArray[np.float32]:
    """(draws, n) how often each of n is drawn, over n."""
    return (generator.multinomial(n, np.full(n, 1 / n), size=draws) / n).astype(np.float32)


def _ends(values: NDArray[np.float32], ends: tuple[float, float]) -> tuple[float, float]:
    low, high = np.quantile(values, ends)
    return float(low), float(high)

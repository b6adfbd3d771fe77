"""The bootstrap over seeds and queries: how a difference varies with other seeds and queries.

The t-test's interval holds for other seeds on the same queries. This bootstrap resamples both whole
seeds and whole queries with replacement, so its interval also holds for other queries of the same
kind. It is the two-way bootstrap of Owen 2007 (Annals of Applied Statistics 1:386), which is
conservative.
"""

from collections.abc import Mapping
from itertools import product

import numpy as np
from numpy.typing import NDArray

from class_sweep.config.components import METRICS
from class_sweep.config.objective import DIRECTIONS, POOLS, metric_name, ranking_name

DRAWS = 2000
_CHUNK = 250  # draws whose weights are in memory at the same time


def scores(ranks: NDArray[np.float32], metric: str) -> NDArray[np.float32]:
    """The values whose mean is the metric, one for each rank.

    Raises:
        ConfigError: If the metric is unknown.
    """
    values: NDArray[np.float32] = METRICS.load(metric)(ranks).astype(np.float32)
    return values


def intervals(
    first: Mapping[str, NDArray[np.float32]],
    second: Mapping[str, NDArray[np.float32]],
    *,
    level: float = 0.05,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Percentile intervals of first − second for every metric, `pool/[direction/]metric`.

    A draw weights the (S, Q) differences with the multinomial weights of its seeds and queries.

    Args:
        first: `pool/direction` to the (S, Q) ranks under S seeds of Q queries.
        second: The ranks of the other arm under the same seeds and queries.
        level: Error of the interval; 0.05 gives a 95 % interval.
        draws: Number of bootstrap draws.
        seed: Seed of the draws.
    """
    generator = np.random.default_rng(seed)
    differences: dict[str, NDArray[np.float32]] = {}
    for pool, direction in product(POOLS, DIRECTIONS):
        ranking = ranking_name(pool, direction)
        for metric in METRICS:
            differences[metric_name(pool, metric, direction)] = scores(
                first[ranking], metric
            ) - scores(second[ranking], metric)
    seeds, queries = next(iter(differences.values())).shape
    chunks: dict[str, list[NDArray[np.float32]]] = {name: [] for name in differences}
    for start in range(0, draws, _CHUNK):
        size = min(_CHUNK, draws - start)
        seed_weights = _weights(generator, size, seeds)
        query_weights = _weights(generator, size, queries)
        for name, difference in differences.items():
            chunks[name].append(((seed_weights @ difference) * query_weights).sum(axis=1))
    drawn = {name: np.concatenate(parts) for name, parts in chunks.items()}
    for pool in POOLS:
        for metric in METRICS:
            directions = [drawn[metric_name(pool, metric, direction)] for direction in DIRECTIONS]
            drawn[metric_name(pool, metric)] = np.mean(directions, axis=0, dtype=np.float32)
    return {name: _percentiles(values, level) for name, values in drawn.items()}


def _weights(generator: np.random.Generator, draws: int, n: int) -> NDArray[np.float32]:
    """(draws, n) how often each of n items is drawn, divided by n."""
    return (generator.multinomial(n, np.full(n, 1 / n), size=draws) / n).astype(np.float32)


def _percentiles(values: NDArray[np.float32], level: float) -> tuple[float, float]:
    low, high = np.quantile(values, (level / 2, 1 - level / 2))
    return float(low), float(high)

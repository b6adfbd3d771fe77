"""The orders: in which sequence a curriculum adds the training pairs to the pool."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from class_sweep.config.components import ORDERS

_SHUFFLE_STREAM = 0x0D3  # keeps the order's random numbers apart from those of the batches


@dataclass(frozen=True)
class PairStatistics:
    """Statistics of L training pairs beside their difficulty. Read-only: arrays may be shared.

    Attributes:
        tie_break: (L,) the sort key of pairs of equal difficulty, lower first.
        mean_similarity: (L,) the mean similarity to all other pairs.
        nearest: (L, m) the m most similar other pairs, the most similar first; None where unknown.
        nearest_similarity: (L, m) their similarities; None where unknown.
    """

    tie_break: NDArray[np.generic]
    mean_similarity: NDArray[np.float64]
    nearest: NDArray[np.int32] | None = None
    nearest_similarity: NDArray[np.float32] | None = None


class Order(ABC):
    """The base class of an order.

    Attributes:
        uses_difficulty: Whether the difficulty and the tie-break decide the order.
        uses_statistics: Whether the mean similarities or the nearest pairs decide it as well.
        reverse: The name of the order that is the exact reverse, if there is one.
    """

    uses_difficulty: ClassVar[bool] = True
    uses_statistics: ClassVar[bool] = True
    reverse: ClassVar[str | None] = None

    @abstractmethod
    def __call__(
        self, difficulty: NDArray[np.generic], statistics: PairStatistics, seed: int
    ) -> NDArray[np.int64]:
        """The pairs in the sequence in which they enter the pool.

        The same arguments always give the same result. The arguments are not written to.

        Args:
            difficulty: (L,) low is easy: N_i(σ), or another of `DIFFICULTIES`.
            statistics: Further statistics of the same pairs.
            seed: The seed of all random choices; see `shuffled`.

        Returns:
            (L,) a writable permutation of 0 … L−1.
        """


class EasyFirst(Order):
    """Ascending difficulty; pairs of equal difficulty and tie-break in the order of the data."""

    uses_statistics = False
    reverse = "hard_first"

    def __call__(
        self,
        difficulty: NDArray[np.generic],
        statistics: PairStatistics,
        seed: int,  # noqa: ARG002
    ) -> NDArray[np.int64]:
        """Sorted by difficulty, then by the tie-break."""
        return np.lexsort((statistics.tie_break, difficulty))


class HardFirst(Order):
    """The exact reverse of `EasyFirst`."""

    uses_statistics = False
    reverse = "easy_first"

    def __call__(
        self, difficulty: NDArray[np.generic], statistics: PairStatistics, seed: int
    ) -> NDArray[np.int64]:
        """Sorted by falling difficulty."""
        return EasyFirst()(difficulty, statistics, seed)[::-1].copy()


class Random(Order):
    """A random order, which depends on the seed and the number of pairs alone."""

    uses_difficulty = False
    uses_statistics = False

    def __call__(
        self,
        difficulty: NDArray[np.generic],
        statistics: PairStatistics,  # noqa: ARG002
        seed: int,
    ) -> NDArray[np.int64]:
        """Shuffled."""
        return shuffled(len(difficulty), seed)


def shuffled(pairs: int, seed: int) -> NDArray[np.int64]:
    """(L,) a random permutation of 0 … L−1 for a seed."""
    return np.random.default_rng([seed, _SHUFFLE_STREAM]).permutation(pairs)


def difficulty_order(
    difficulty: NDArray[np.generic],
    mean_similarity: NDArray[np.float64],
    *,
    order: str,
    tie_break: str,
    seed: int,
    nearest: NDArray[np.int32] | None = None,
    nearest_similarity: NDArray[np.float32] | None = None,
) -> NDArray[np.int64]:
    """The training pairs in the sequence in which they enter the pool.

    Args:
        difficulty: (L,) low is easy: N_i(σ) in CLASS, few similar pairs.
        mean_similarity: (L,) the mean similarity to all other pairs.
        order: A name of `ORDERS`: `easy_first`, `hard_first` (its exact reverse), `random`, …
        tie_break: The order of pairs of equal difficulty: `mean_similarity` (the less similar pair
            is easier) or `random`. Pairs that are equal in both keep the order of the data.
        seed: The seed of a random order and of a random tie-break.
        nearest: (L, m) the most similar other pairs, where they are known.
        nearest_similarity: (L, m) their similarities, where they are known.

    Returns:
        (L,) a permutation of 0 … L−1.

    Raises:
        ConfigError: If the order is unknown.
        ValueError: If the tie-break is unknown.

    Example:
        >>> order = difficulty_order(
        ...     np.array([2, 0, 1]), np.zeros(3), order="easy_first", tie_break="random", seed=0
        ... )
        >>> order.tolist()
        [1, 2, 0]
    """
    if tie_break not in ("mean_similarity", "random"):
        raise ValueError(f"tie_break must be one of mean_similarity, random, got {tie_break!r}")
    sort_key = shuffled(len(difficulty), seed) if tie_break == "random" else mean_similarity
    implementation: type[Order] = ORDERS.load(order)
    statistics = PairStatistics(sort_key, mean_similarity, nearest, nearest_similarity)
    return implementation()(difficulty, statistics, seed)

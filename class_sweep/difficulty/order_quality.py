"""How well N(σ) orders the pairs: ties, the share of a pool that N decides, correlations of N.

N is a count, so many pairs share a value; the tie-break orders the pairs of a tie. N can also
correlate with another trait of the pairs, and then the order sorts by that trait too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from class_sweep.statistics.rank_correlation import Numbers, correlate, unit_ranks

LEVELS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
"""The quantiles of N in a report."""
MIN_DISTINCT = 10
"""The number of distinct N below which an order is coarse, however few the epochs."""
MAX_TIE = 0.5
"""The share of pairs in one tie from which the tie-break decides most of the order."""


@dataclass(frozen=True)
class Correlations:
    """Rank correlations of N at one σ; None if one side is constant.

    Attributes:
        following: ρ(N(σ), N(σ')) for the next higher σ'; None at the highest σ.
        traits: ρ(N(σ), trait) by the name of the trait.
    """

    following: float | None
    traits: dict[str, float | None]


def correlations(counts: NDArray[np.integer], traits: Mapping[str, Numbers]) -> list[Correlations]:
    """Correlate N at every σ with N at the next σ and with each trait.

    Args:
        counts: (L, S) N_i(σ), σ ascending.
        traits: Name to (L,) values, one for each pair.

    Returns:
        S items.
    """
    ranked = {name: unit_ranks(values) for name, values in traits.items()}
    rows: list[Correlations] = []
    following: NDArray[np.float64] | None = None
    for column in reversed(counts.T):  # each column is ranked once
        ranks = unit_ranks(column)
        rows.append(
            Correlations(
                following=None if following is None else correlate(ranks, following),
                traits={name: correlate(ranks, trait) for name, trait in ranked.items()},
            )
        )
        following = ranks
    return rows[::-1]


def decided(
    counts: NDArray[np.integer], pool: int, *, hard_first: bool = False
) -> NDArray[np.bool]:
    """The pairs that are in the first pool under every tie-break.

    Let b be the N of the first pair outside the pool, the (P+1)-th in order. These are the pairs
    with N < b, or N > b with `hard_first`; all pairs if the pool holds all. Every other pair of
    the pool ties with a pair outside.

    Args:
        counts: (L,) N_i(σ).
        pool: P, the number of pairs in the first pool.
        hard_first: Whether the pairs with the largest N come first.

    Returns:
        (L,)
    """
    signed = counts.astype(np.int64) * (-1 if hard_first else 1)
    if pool >= len(signed):
        return np.ones(len(signed), dtype=bool)
    boundary = np.partition(signed, pool)[pool]
    inside: NDArray[np.bool] = signed < boundary
    return inside


def decided_share(counts: NDArray[np.integer], pool: int, *, hard_first: bool = False) -> float:
    """|decided| / P, the fraction of the first pool that N selects without the tie-break."""
    return float(decided(counts, pool, hard_first=hard_first).sum() / max(1, pool))


def mean_relative_rank(
    counts: NDArray[np.integer], other_counts: NDArray[np.integer]
) -> float | None:
    """The mean rank of other pairs in the order, from 0 (easiest) to 1 (hardest).

    mean over v of (#{i: N_i < N_v} + ½·#{i: N_i = N_v}) / L. This is the area under the ROC curve
    of N as a classifier of the other pairs; it is ½ if both have the same distribution.

    Args:
        counts: (L,) N_i(σ) of the ordered pairs.
        other_counts: (V,) N of the other pairs among the ordered ones.

    Returns:
        The mean, or None for V = 0.
    """
    if not len(other_counts):
        return None
    ordered = np.sort(counts)
    below = np.searchsorted(ordered, other_counts, side="left")
    up_to = np.searchsorted(ordered, other_counts, side="right")
    return float((below + up_to).mean() / 2 / len(ordered))


def usable(largest_tie: float, distinct: int, epochs: int) -> bool:
    """Whether a σ orders the pairs: largest tie < ½, and distinct N ≥ max(10, epochs).

    A curriculum adds pairs once an epoch. With fewer distinct N than epochs, some epochs would add
    only tied pairs.
    """
    return largest_tie < MAX_TIE and distinct >= max(MIN_DISTINCT, epochs)


def longest_run(values: Sequence[bool]) -> slice:
    """The first of the longest runs of true values; an empty slice if no value is true."""
    best, start = slice(0, 0), 0
    for position, value in enumerate([*values, False]):
        if value:
            continue
        if position - start > best.stop - best.start:
            best = slice(start, position)
        start = position + 1
    return best

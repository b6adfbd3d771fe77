"""What an order by difficulty is worth, in numbers: pure functions of N and of what it may follow.

N is a count, so many pairs share one value: between those the order is its tie-break. And a count
follows other properties of a pair, by which the order then sorts without saying so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVELS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
LEAST_DISTINCT = 10
"""An order of fewer values than this is coarse however few epochs there are."""
MOST_TIED = 0.5
"""From this share of pairs in one tie, most of an order is its tie-break."""

Numbers = NDArray[np.integer] | NDArray[np.floating]


def rank_correlation(a: Numbers, b: Numbers) -> float | None:
    """Spearman's ρ, ties averaged: Pearson's r of the ranks. None where a or b is constant.

    Args:
        a: (L,)
        b: (L,)
    """
    return _correlation(_ranks(a), _ranks(b))


@dataclass(frozen=True)
class Follows:
    """What N follows at one σ, as rank correlations; None where one side is constant.

    Attributes:
        following: ρ(N(σ), N(σ')), σ' the next higher σ; None at the highest.
        traits: ρ(N(σ), trait), by the trait's name.
    """

    following: float | None
    traits: dict[str, float | None]


def follows(counts: NDArray[np.integer], traits: Mapping[str, Numbers]) -> list[Follows]:
    """What N follows at every σ; each column is ranked once.

    Args:
        counts: (L, S) N_i(σ), σ ascending.
        traits: Name to (L,) a property of each pair.
    """
    ranked = {name: _ranks(values) for name, values in traits.items()}
    found = []
    columns = counts.shape[1]
    here = _ranks(counts[:, 0]) if columns else np.empty(0)
    for column in range(columns):
        above = _ranks(counts[:, column + 1]) if column + 1 < columns else None
        found.append(
            Follows(
                following=None if above is None else _correlation(here, above),
                traits={name: _correlation(here, ranks) for name, ranks in ranked.items()},
            )
        )
        if above is not None:
            here = above
    return found


def decided(
    counts: NDArray[np.integer], pool: int, *, hard_first: bool = False
) -> NDArray[np.bool]:
    """(L,) the pairs that are in the first pool whatever breaks the ties.

    With b the N of the first pair left out of the pool, i.e. the (P+1)-th in order: the pairs with
    N < b, or N > b for `hard_first`; all pairs where the pool leaves none out. The others of the
    pool tie with a pair outside it.

    Args:
        counts: (L,) N_i(σ).
        pool: P, the pairs in the first pool.
        hard_first: Whether the pairs with most look-alikes come first.
    """
    signed = counts.astype(np.int64) * (-1 if hard_first else 1)
    if pool >= len(signed):
        return np.ones(len(signed), dtype=bool)
    boundary = np.partition(signed, pool)[pool]
    inside: NDArray[np.bool] = signed < boundary
    return inside


def decided_share(counts: NDArray[np.integer], pool: int, *, hard_first: bool = False) -> float:
    """|decided| / P: the share of the first pool that N chose and not the tie-break."""
    return float(decided(counts, pool, hard_first=hard_first).sum() / max(1, pool))


def place_in_order(counts: NDArray[np.integer], of_others: NDArray[np.integer]) -> float | None:
    """Where other pairs would stand in the order on average, 0 the easiest, 1 the hardest.

    mean over v of (#{i: N_i < N_v} + ½·#{i: N_i = N_v}) / L, the area under the ROC curve of N as
    a guess of which pairs are the others; ½ where both are distributed alike. None for no others.

    Args:
        counts: (L,) N_i(σ) of the pairs that are ordered.
        of_others: (V,) the look-alikes that each other pair has among them.
    """
    if not len(of_others):
        return None
    ordered = np.sort(counts)
    below = np.searchsorted(ordered, of_others, side="left")
    upto = np.searchsorted(ordered, of_others, side="right")
    return float((below + upto).mean() / 2 / len(ordered))


def usable(largest_tie: float, distinct: int, epochs: int) -> bool:
    """Whether a σ orders the pairs: largest tie < ½, and distinct N ≥ max(10, epochs).

    A curriculum adds pairs once an epoch: with fewer values than epochs some of its steps would
    add nothing but tied pairs.
    """
    return largest_tie < MOST_TIED and distinct >= max(LEAST_DISTINCT, epochs)


def longest_run(good: Sequence[bool]) -> slice:
    """The longest run of true values, the first of several; an empty slice where none is true."""
    best, start = slice(0, 0), 0
    for place, value in enumerate([*good, False]):
        if value:
            continue
        if place - start > best.stop - best.start:
            best = slice(start, place)
        start = place + 1
    return best


def _ranks(values: Numbers) -> NDArray[np.float64]:
    """Ranks, ties averaged, centred on 0 and of length 1; all 0 where the values are constant."""
    # Not scipy's: importing its statistics takes longer than everything else here.
    _, place, many = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(many) - (many - 1) / 2)[place]
    ranks -= (len(ranks) + 1) / 2
    length = np.sqrt(ranks @ ranks)
    return ranks / length if length else ranks


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float | None:
    return float(np.clip(a @ b, -1, 1)) if a.any() and b.any() else None

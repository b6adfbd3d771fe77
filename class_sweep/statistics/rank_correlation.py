"""Spearman's rank correlation with averaged ties.

Not SciPy's function: importing `scipy.stats` takes longer than every correlation of a report.
"""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.integer] | NDArray[np.floating]


def rank_correlation(a: Numbers, b: Numbers) -> float | None:
    """Spearman's ρ: Pearson's r of the ranks, with averaged ties. None if a or b is constant.

    Args:
        a: (L,)
        b: (L,)
    """
    return correlate(unit_ranks(a), unit_ranks(b))


def unit_ranks(values: Numbers) -> NDArray[np.float64]:
    """Ranks with averaged ties, centred on 0 and scaled to length 1; all 0 if values are constant.

    Args:
        values: (L,)

    Returns:
        (L,); the inner product of two such vectors is Spearman's ρ.
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    ranks -= (len(ranks) + 1) / 2
    length = np.sqrt(ranks @ ranks)
    return ranks / length if length else ranks


def correlate(a: NDArray[np.float64], b: NDArray[np.float64]) -> float | None:
    """Spearman's ρ of two results of `unit_ranks`; None if one of them is all 0."""
    return float(np.clip(a @ b, -1, 1)) if a.any() and b.any() else None

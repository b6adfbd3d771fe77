"""The retrieval metrics of single queries; a metric of a split is their mean over its queries.

Each function maps (Q,) ranks, from 1, to (Q,) values. `class_sweep.config.components.METRICS` names
them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ranks = NDArray[np.floating[Any]]


def reciprocal_rank(ranks: Ranks) -> Ranks:
    """1/rank, in (0, 1]."""
    return 1 / ranks


def hits_at_1(ranks: Ranks) -> Ranks:
    """1 for rank 1, else 0."""
    return (ranks <= 1).astype(ranks.dtype)


def hits_at_10(ranks: Ranks) -> Ranks:
    """1 for ranks up to 10, else 0."""
    return (ranks <= 10).astype(ranks.dtype)


def rank(ranks: Ranks) -> Ranks:
    """The rank itself."""
    return ranks


def log_rank(ranks: Ranks) -> Ranks:
    """The natural logarithm of the rank; e to the power of its mean is the geometric mean rank."""
    logarithms: Ranks = np.log(ranks)
    return logarithms

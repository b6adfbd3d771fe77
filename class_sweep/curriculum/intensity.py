"""How strongly an epoch's loss counts: γ(k) (CLASS, arXiv 2502.11633, γ₁ and γ₂).

`sigmoid` 1/(1 + e^(−k−1)), `inverse` k/(1 + k), `constant` 1. `inverse` is 0 at k = 0, an epoch
that trains nothing; intensity therefore counts from k = 1 unless told otherwise.
"""

import math
from collections.abc import Callable


def sigmoid(k: int) -> float:
    """γ₁(k) = 1/(1 + e^(−k−1)): 0.73 at k = 0, then soon 1."""
    return 1 / (1 + math.exp(-k - 1))


def inverse(k: int) -> float:
    """γ₂(k) = k/(1 + k): 0 at k = 0, ½ at k = 1, slowly to 1."""
    return k / (1 + k)


def constant(k: int) -> float:  # noqa: ARG001 - one signature for all curves
    """γ(k) = 1: no intensity."""
    return 1.0


INTENSITIES: dict[str, Callable[[int], float]] = {
    "constant": constant,
    "sigmoid": sigmoid,
    "inverse": inverse,
}

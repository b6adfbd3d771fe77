"""How much of the training set an epoch sees: λ(k) = min(1, α + β·k) (CLASS, arXiv 2502.11633).

α and β are fractions of the training pairs here; the paper's 40 and 3 are 0.40 and 0.03.
"""

import math


def share(k: int, alpha: float, beta: float) -> float:
    """λ(k), the fraction of the pairs in the pool of curriculum epoch k, counted from 0."""
    return min(1.0, alpha + beta * k)


def pool_size(k: int, alpha: float, beta: float, pairs: int) -> int:
    """⌈λ(k)·L⌉, the pairs in the pool of epoch k."""
    # Rounded first: 0.1 + 0.2 is a hair above 0.3, which is no reason for one more pair.
    return min(pairs, math.ceil(round(share(k, alpha, beta) * pairs, 6)))


def beta_that_reaches_all(alpha: float, epochs: int) -> float | None:
    """The least β with λ = 1 in the last of `epochs` epochs; None where one epoch can't do it."""
    if alpha >= 1:
        return 0.0
    return (1 - alpha) / (epochs - 1) if epochs > 1 else None


def epochs_that_reach_all(alpha: float, beta: float) -> int | None:
    """The least number of epochs with λ = 1 in the last; None where β = 0 never gets there."""
    if alpha >= 1:
        return 1
    return math.ceil(round((1 - alpha) / beta, 9)) + 1 if beta > 0 else None

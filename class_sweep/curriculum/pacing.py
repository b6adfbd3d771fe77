"""How much of the training set an epoch sees: λ(k) for curriculum epoch k, counted from 0.

All start at α and never fall. `linear` is the paper's own (CLASS, arXiv 2502.11633); `root` is
Platanios et al. 2019 (arXiv 1903.09848); `step` and `exponential` are named and defined as in Wu,
Dyer and Neyshabur 2021 (arXiv 2012.03107), whose b is α here and whose a is T over all epochs.
Shares are fractions of the training pairs; the paper's 40 and 3 are 0.40 and 0.03.

The mean shares below are those of many epochs up to T; with them a run of E epochs sees
1 − (1 − mean)·T/E of the full data.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from class_sweep.config.sections import Curriculum
from class_sweep.curriculum.names import named


@dataclass(frozen=True)
class Pace:
    """What the pacing functions take beside k.

    Attributes:
        alpha: α, the share of the pairs at k = 0, in (0, 1].
        beta: β, the share added with each epoch, in [0, 1].
        full_epoch: T, the k from which λ is 1.
        power: p of `root`.
    """

    alpha: float
    beta: float
    full_epoch: float
    power: float


def linear(k: int, pace: Pace) -> float:
    """λ(k) = min(1, α + β·k). T = (1 − α)/β; mean share to T: (1 + α)/2. CLASS."""
    return min(1.0, pace.alpha + pace.beta * k)


def root(k: int, pace: Pace) -> float:
    """λ(k) = min(1, (k·(1 − α^p)/T + α^p)^(1/p)): early epochs grow fastest. Platanios et al.

    Mean share to T: p/(p + 1) · (1 − α^(p+1))/(1 − α^p). p = 1 is linear, p = 2 the usual root.
    """
    if k >= pace.full_epoch:
        return 1.0
    start = pace.alpha**pace.power
    grown: float = (k * (1 - start) / pace.full_epoch + start) ** (1 / pace.power)
    return min(1.0, max(pace.alpha, grown))  # the power and its inverse round apart


def step(k: int, pace: Pace) -> float:
    """λ(k) = α before T, then 1. Mean share to T: α. Wu, Dyer and Neyshabur."""
    return pace.alpha if k < pace.full_epoch else 1.0


def exponential(k: int, pace: Pace) -> float:
    """λ(k) = α + (1 − α)·(e^(10·k/T) − 1)/(e^10 − 1), then 1: the last epochs grow fastest.

    Mean share to T: α + (1 − α)·(1/10 − 1/(e^10 − 1)), near α + (1 − α)/10. Wu, Dyer and Neyshabur.
    """
    if k >= pace.full_epoch:
        return 1.0
    grown = math.expm1(10 * k / pace.full_epoch) / math.expm1(10)
    return min(1.0, pace.alpha + (1 - pace.alpha) * grown)


def full(k: int, pace: Pace) -> float:  # noqa: ARG001 - one signature for all pacings
    """λ(k) = 1: every pair in every epoch, no curriculum. Mean share: 1."""
    return 1.0


PACINGS: dict[str, Callable[[int, Pace], float]] = {
    "linear": linear,
    "root": root,
    "step": step,
    "exponential": exponential,
    "full": full,
}


def pace_of(curriculum: Curriculum, epochs: int) -> Pace:
    """The parameters of a curriculum's pacing; T is `full_data_after` of the budget's `epochs`."""
    # Rounded: 0.55 · 100 is a hair above 55, which is no reason for one more epoch.
    full_epoch = round(curriculum.full_data_after * epochs, 9)
    return Pace(curriculum.alpha, curriculum.beta, full_epoch, curriculum.pacing_power)


def shares(curriculum: Curriculum, epochs: int) -> tuple[float, ...]:
    """λ of each epoch of a run.

    Raises:
        ValueError: If the pacing is unknown.
    """
    pacing = named("pacing", curriculum.pacing, PACINGS)
    pace = pace_of(curriculum, epochs)
    return tuple(pacing(curriculum.pacing_start + epoch, pace) for epoch in range(epochs))


def pool_size(share: float, pairs: int) -> int:
    """⌈λ·L⌉, the pairs in the pool of an epoch."""
    # Rounded first: 0.1 + 0.2 is a hair above 0.3, which is no reason for one more pair.
    return min(pairs, math.ceil(round(share * pairs, 6)))

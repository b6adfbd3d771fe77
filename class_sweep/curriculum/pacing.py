"""The pacings: λ(k), the fraction of the training pairs in the pool of curriculum epoch k.

Every pacing starts at α and never falls. `linear` is that of CLASS (arXiv 2502.11633). `root` is
that of Platanios et al. 2019 (arXiv 1903.09848). `step` and `exponential` are defined as by Wu,
Dyer and Neyshabur 2021 (arXiv 2012.03107), whose b is α here and whose a is T over all epochs.
Fractions are in (0, 1]; the 40 and 3 of the CLASS paper are 0.40 and 0.03.

T is the first k, not always whole, with λ = 1. The mean shares below are averages of λ over many
epochs up to T. A run of E ≥ T epochs sees 1 − (1 − mean)·T/E of the samples of full data.
"""

import math
from abc import abstractmethod
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar

from class_sweep.config.components import PACINGS
from class_sweep.config.curriculum import Curriculum
from class_sweep.config.sections import SAMPLES
from class_sweep.curriculum.epoch_function import EpochFunction, between_knots


class Pacing(EpochFunction):
    """The base class of a pacing.

    λ(k) is in (0, 1] and never falls with k. It rises with the settings `alpha`, `beta`,
    `pacing_power` and `pacing_knots`, and falls with `full_data_after`: the schedule bounds rely on
    these directions.

    Attributes:
        fitted_setting: Dotted path of the setting by which a share of `search.shares` is fitted:
            an axis of which the number of samples is a continuous function, or the budget's
            samples. None if the pacing has none.

    Example:
        >>> pacing = Linear(alpha=0.4, beta=0.2)
        >>> [round(pacing(k), 1) for k in range(5)]
        [0.4, 0.6, 0.8, 1.0, 1.0]
    """

    fitted_setting: ClassVar[str | None] = None

    @property
    @abstractmethod
    def end(self) -> float:
        """T, the k from which λ is 1; ∞ if λ never gets there."""

    @property
    def starts_full(self) -> bool:
        """Whether λ(0) = 1: the curriculum then shows every pair in every epoch."""
        return self(0) >= 1

    def largest_sum_before_end(self, upper: "Pacing", start: int) -> float:
        """The largest Σ λ(k) over k = `start` … with λ(k) < 1, in epochs of full data.

        Args:
            upper: The same pacing with the largest parameters; `self` has the smallest ones, but
                both have the largest T where T is a parameter.
            start: The k of the first epoch.
        """
        if self.starts_full:
            return 0.0
        if not math.isfinite(self.end):
            return math.inf
        return sum(upper(k) for k in range(start, math.ceil(self.end)))

    def remedies(self, start: int, epochs: int) -> list[str]:
        """Changes to a space, each of which lets the last epoch show all pairs.

        Args:
            start: The k of the first epoch.
            epochs: The number of epochs.
        """
        enough = math.ceil(self.end) + 1 - start if math.isfinite(self.end) else epochs
        return [f"epochs ≥ {enough}"] if enough > epochs else ["more epochs"]


@dataclass(frozen=True)
class Linear(Pacing):
    """λ(k) = min(1, α + β·k). T = (1 − α)/β; mean share to T: (1 + α)/2. CLASS."""

    fitted_setting: ClassVar[str | None] = "curriculum.beta"

    alpha: float
    beta: float

    def __call__(self, k: int) -> float:
        """λ(k)."""
        return min(1.0, self.alpha + self.beta * k)

    @property
    def end(self) -> float:
        """T = (1 − α)/β."""
        if self.alpha >= 1:
            return 0.0
        return round((1 - self.alpha) / self.beta, 6) if self.beta > 0 else math.inf

    def largest_sum_before_end(self, upper: Pacing, start: int) -> float:  # noqa: ARG002
        """N − β·n(n − 1)/2 for the n epochs of the smallest α and β.

        As α grows within the same n, the shares before 1 rise to 1, 1 − β, 1 − 2β, …
        """
        if not math.isfinite(self.end):
            return math.inf
        steps = max(0, math.ceil(self.end) - start)
        return steps - self.beta * steps * (steps - 1) / 2

    def least_beta(self, last: int) -> float | None:
        """The smallest β with λ(`last`) = 1; None where no β reaches it."""
        if self.alpha >= 1:
            return 0.0
        return (1 - self.alpha) / last if last > 0 else None

    def least_epochs(self, start: int) -> int | None:
        """The smallest number of epochs whose last one has λ = 1; None where none has."""
        if self.alpha >= 1:
            return 1
        last = (1 - self.alpha) / self.beta if self.beta > 0 else math.inf
        return max(1, math.ceil(round(last, 9)) + 1 - start) if math.isfinite(last) else None

    def remedies(self, start: int, epochs: int) -> list[str]:
        """A larger β, or more epochs."""
        beta, enough = self.least_beta(start + epochs - 1), self.least_epochs(start)
        remedies = [] if beta is None else [f"beta ≥ {_rounded_up(beta):g}"]
        remedies += [] if enough is None else [f"epochs ≥ {enough}"]
        return remedies or ["a beta above 0"]


def _rounded_up(value: float) -> float:
    """The value with four significant digits, never less: a remedy must suffice."""
    unit: float = 10.0 ** (math.floor(math.log10(value)) - 3) if value > 0 else 1.0
    return math.ceil(round(value / unit, 6)) * unit


@dataclass(frozen=True)
class TimedPacing(Pacing):
    """The base class of pacings whose T is a setting.

    Attributes:
        alpha: α, the fraction of the pairs at k = 0, in (0, 1].
        full_data_after: T as a fraction of the epochs, in (0, 1].
        epochs: The curriculum epochs of the budget.
    """

    alpha: float
    full_data_after: float
    epochs: int

    @property
    def end(self) -> float:
        """T = `full_data_after` · `epochs`."""
        # Rounded: 0.55 · 100 is slightly above 55 and must not add an epoch.
        return round(self.full_data_after * self.epochs, 9)

    def remedies(self, start: int, epochs: int) -> list[str]:
        """A smaller `full_data_after`."""
        last = start + epochs - 1
        if last == 0:
            return ["more epochs"]
        return [f"full_data_after ≤ {math.floor(1e4 * last / epochs) / 1e4:g}"]


@dataclass(frozen=True)
class Root(TimedPacing):
    """λ(k) = min(1, (k·(1 − α^p)/T + α^p)^(1/p)): early epochs grow fastest. Platanios et al.

    Mean share to T: p/(p + 1) · (1 − α^(p+1))/(1 − α^p). p = 1 is linear, p = 2 the usual root.

    Attributes:
        pacing_power: p, in [0.1, 10].
    """

    fitted_setting: ClassVar[str | None] = "curriculum.full_data_after"

    pacing_power: float

    def __call__(self, k: int) -> float:
        """λ(k)."""
        if k >= self.end:
            return 1.0
        start = self.alpha**self.pacing_power
        grown: float = (k * (1 - start) / self.end + start) ** (1 / self.pacing_power)
        return min(1.0, max(self.alpha, grown))  # (α^p)^(1/p) is not always α


@dataclass(frozen=True)
class Step(TimedPacing):
    """λ(k) = α for k < T, then 1. Mean share to T: α. Wu, Dyer and Neyshabur."""

    def __call__(self, k: int) -> float:
        """λ(k)."""
        return self.alpha if k < self.end else 1.0


@dataclass(frozen=True)
class Exponential(TimedPacing):
    """λ(k) = α + (1 − α)·(e^(10·k/T) − 1)/(e^10 − 1), then 1: the last epochs grow fastest.

    Mean share to T: α + (1 − α)·(1/10 − 1/(e^10 − 1)), near α + (1 − α)/10. Wu, Dyer and Neyshabur.
    """

    fitted_setting: ClassVar[str | None] = "curriculum.full_data_after"

    def __call__(self, k: int) -> float:
        """λ(k)."""
        if k >= self.end:
            return 1.0
        grown = math.expm1(10 * k / self.end) / math.expm1(10)
        return min(1.0, self.alpha + (1 - self.alpha) * grown)


@dataclass(frozen=True)
class Full(Pacing):
    """λ(k) = 1: every pair in every epoch, no curriculum. Mean share: 1."""

    fitted_setting: ClassVar[str | None] = SAMPLES

    def __call__(self, k: int) -> float:  # noqa: ARG002
        """1."""
        return 1.0

    @property
    def end(self) -> float:
        """0."""
        return 0.0


@dataclass(frozen=True)
class PacingKnots(Pacing):
    """A free form: λ is linear between knots, α at the first epoch and then `pacing_knots`.

    The knots are spaced evenly over the epochs. A knot below an earlier one counts as that one, so
    that λ never falls and every combination of values is a pacing. T is the first knot of 1.

    Attributes:
        alpha: α, the fraction of the pairs at k = 0, in (0, 1].
        pacing_knots: (n,) the fractions of the pairs at the other knots, each in (0, 1]; the last
            one is at the last epoch.
        epochs: The curriculum epochs of the budget.
    """

    alpha: float
    pacing_knots: tuple[float, ...]
    epochs: int

    def __call__(self, k: int) -> float:
        """λ(k)."""
        # The rounding of the interpolation must not lead out of its two knots.
        return min(1.0, max(self.alpha, between_knots(self._rising, k, self.epochs)))

    @property
    def end(self) -> float:
        """T, the epoch of the first knot of 1; ∞ without one."""
        if 1.0 not in self._rising:
            return math.inf
        distance = max(1, self.epochs - 1) / len(self.pacing_knots)
        return round(self._rising.index(1.0) * distance, 9)

    def remedies(self, start: int, epochs: int) -> list[str]:
        """A last knot of 1, unless k does not reach the last knot."""
        if start + epochs < max(2, self.epochs):
            return super().remedies(start, epochs)
        return ["a last number of 1 in pacing_knots"]

    @property
    def _rising(self) -> list[float]:
        """(1 + n,) λ at all knots."""
        return list(accumulate((self.alpha, *self.pacing_knots), max))


def pacing_of(curriculum: Curriculum, epochs: int) -> Pacing:
    """The pacing of a curriculum with its parameters, for a budget of `epochs` epochs.

    Raises:
        ConfigError: If the pacing is unknown.
    """
    pacing: type[Pacing] = PACINGS.load(curriculum.pacing)
    return pacing.of(curriculum, epochs)


def shares(curriculum: Curriculum, epochs: int) -> tuple[float, ...]:
    """λ of each epoch of a run.

    Raises:
        ConfigError: If the pacing is unknown.
    """
    pacing = pacing_of(curriculum, epochs)
    return tuple(pacing(curriculum.pacing_start + epoch) for epoch in range(epochs))


def pool_size(share: float, pairs: int) -> int:
    """⌈λ·L⌉, the number of pairs in the pool of an epoch."""
    # Rounded first: 0.1 + 0.2 is slightly above 0.3 and must not add a pair.
    return min(pairs, math.ceil(round(share * pairs, 6)))

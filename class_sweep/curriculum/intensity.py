"""The intensities: γ(k), the factor of an epoch on the loss or on the learning rate.

`sigmoid` and `inverse` are γ₁ and γ₂ of CLASS (arXiv 2502.11633). `inverse` and `power` are 0 at
k = 0, an epoch that trains nothing; k therefore starts at 1 by default (`intensity_start`).

Under AdamW a constant factor on the loss cancels: the step size follows γ over the root mean square
of recent γ. A growing γ gives larger steps than `constant`, a falling γ smaller ones. On the
learning rate γ scales the steps themselves.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from class_sweep.config.components import INTENSITIES
from class_sweep.config.curriculum import Curriculum
from class_sweep.curriculum.epoch_function import EpochFunction, between_knots


class Intensity(EpochFunction):
    """The base class of an intensity: γ(k) in [0, 1], above 0 for k ≥ 1.

    Attributes:
        is_constant: Whether γ is 1 in every epoch.

    Example:
        >>> inverse = Inverse()
        >>> [inverse(k) for k in (0, 1, 3)]
        [0.0, 0.5, 0.75]
    """

    is_constant: ClassVar[bool] = False


@dataclass(frozen=True)
class Constant(Intensity):
    """γ(k) = 1: no intensity."""

    is_constant: ClassVar[bool] = True

    def __call__(self, k: int) -> float:  # noqa: ARG002
        """γ(k)."""
        return 1.0


@dataclass(frozen=True)
class Sigmoid(Intensity):
    """γ₁(k) = 1/(1 + e^(−k−1)): 0.73 at k = 0, then soon 1."""

    def __call__(self, k: int) -> float:
        """γ(k)."""
        return 1 / (1 + math.exp(-k - 1))


@dataclass(frozen=True)
class Inverse(Intensity):
    """γ₂(k) = k/(1 + k): 0 at k = 0, ½ at k = 1, slowly to 1."""

    def __call__(self, k: int) -> float:
        """γ(k)."""
        return k / (1 + k)


@dataclass(frozen=True)
class Power(Intensity):
    """γ(k) = k^p/(1 + k^p): ½ at k = 1 for every p; a larger p reaches 1 sooner; γ₂ at p = 1.

    Attributes:
        intensity_power: p, in [0.1, 10].
    """

    intensity_power: float

    def __call__(self, k: int) -> float:
        """γ(k)."""
        raised: float = k**self.intensity_power
        return raised / (1 + raised)


@dataclass(frozen=True)
class Decreasing(Intensity):
    """γ(k) = 1/(1 + k) = 1 − γ₂(k): 1 at k = 0, ½ at k = 1, slowly to 0."""

    def __call__(self, k: int) -> float:
        """γ(k)."""
        return 1 / (1 + k)


@dataclass(frozen=True)
class IntensityKnots(Intensity):
    """A free form: γ is linear between knots, which are spaced evenly over k = 1 … `epochs`.

    Before the first knot and after the last one γ keeps their values.

    Attributes:
        intensity_knots: (n,) γ at the knots, each in (0, 1].
        epochs: The curriculum epochs of the budget.
    """

    intensity_knots: tuple[float, ...]
    epochs: int

    def __call__(self, k: int) -> float:
        """γ(k)."""
        return between_knots(self.intensity_knots, k - 1, self.epochs)


@dataclass(frozen=True)
class LossWeights:
    """The intensity of each epoch.

    Attributes:
        loss: For each part of the loss, its factor in each epoch.
        rate: The learning rate's factor in each epoch.
    """

    loss: dict[str, tuple[float, ...]]
    rate: tuple[float, ...]


def loss_weights(curriculum: Curriculum, epochs: int, parts: Sequence[str]) -> LossWeights:
    """The factors of a curriculum's intensity in each epoch of a run.

    Args:
        curriculum: One intensity for the whole loss, or intensities for some parts; the factor of
            every other part is 1.
        epochs: The number of epochs.
        parts: The parts of the backbone's loss.

    Raises:
        ConfigError: If an intensity is unknown.
        ValueError: If an intensity is given to a part that the loss does not have.
    """
    intensity = curriculum.intensity
    by_part = intensity if isinstance(intensity, dict) else dict.fromkeys(parts, intensity)
    for part in by_part:
        if part not in parts:
            raise ValueError(
                "intensity must name parts of the backbone's loss, one of"
                f" {', '.join(parts)}, got {part!r}"
            )

    def of_epochs(name: str) -> tuple[float, ...]:
        implementation: type[Intensity] = INTENSITIES.load(name)
        gamma, start = implementation.of(curriculum, epochs), curriculum.intensity_start
        return tuple(gamma(start + epoch) for epoch in range(epochs))

    ones = (1.0,) * epochs
    if curriculum.intensity_target == "loss":
        weights = {part: of_epochs(name) for part, name in by_part.items()}
        return LossWeights(dict.fromkeys(parts, ones) | weights, ones)
    if isinstance(intensity, dict):
        raise ValueError(  # noqa: TRY004 - a rule between two settings is broken, not a type
            f"intensity must be one curve to act on the learning rate, got {intensity}"
        )
    return LossWeights(dict.fromkeys(parts, ones), of_epochs(intensity))


def loss_parts_of(intensity: str | Mapping[str, str]) -> tuple[str, ...]:
    """The parts that an intensity names; `loss` for an intensity of the whole loss."""
    return tuple(intensity) if isinstance(intensity, Mapping) else ("loss",)

"""How strongly an epoch's loss counts: γ(k), and what it multiplies.

`sigmoid` and `inverse` are γ₁ and γ₂ of CLASS (arXiv 2502.11633). `inverse` and `power` are 0 at
k = 0, an epoch that trains nothing; intensity therefore counts from k = 1 unless told otherwise.

Under AdamW a factor on the loss cancels while it lasts: the steps follow γ over the root mean
square of recent γ, so a growing γ takes steps above those of `constant` and a falling one below.
On the learning rate γ scales the steps themselves.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from class_sweep.config.sections import Curriculum
from class_sweep.curriculum.names import named

Curve = Callable[[int, float], float]


def constant(k: int, p: float) -> float:  # noqa: ARG001 - one signature for all curves
    """γ(k) = 1: no intensity."""
    return 1.0


def sigmoid(k: int, p: float) -> float:  # noqa: ARG001
    """γ₁(k) = 1/(1 + e^(−k−1)): 0.73 at k = 0, then soon 1."""
    return 1 / (1 + math.exp(-k - 1))


def inverse(k: int, p: float) -> float:  # noqa: ARG001
    """γ₂(k) = k/(1 + k): 0 at k = 0, ½ at k = 1, slowly to 1."""
    return k / (1 + k)


def power(k: int, p: float) -> float:
    """γ(k) = k^p/(1 + k^p): ½ at k = 1 for every p, then the faster to 1 the larger p; γ₂ at 1."""
    raised: float = k**p
    return raised / (1 + raised)


def decreasing(k: int, p: float) -> float:  # noqa: ARG001
    """γ(k) = 1/(1 + k) = 1 − γ₂(k), γ₂'s mirror: 1 at k = 0, ½ at k = 1, slowly to 0."""
    return 1 / (1 + k)


INTENSITIES: dict[str, Curve] = {
    "constant": constant,
    "sigmoid": sigmoid,
    "inverse": inverse,
    "power": power,
    "decreasing": decreasing,
}
"""Name to γ(k, p); p is `intensity_power`, which `power` alone looks at."""


@dataclass(frozen=True)
class LossWeights:
    """The factors of each epoch.

    Attributes:
        loss: Part of the loss to its factor in each epoch.
        rate: The learning rate's factor in each epoch.
    """

    loss: dict[str, tuple[float, ...]]
    rate: tuple[float, ...]


def loss_weights(curriculum: Curriculum, epochs: int, parts: Sequence[str]) -> LossWeights:
    """Work a curriculum's intensity out for a loss.

    Args:
        curriculum: A curve for the whole loss, or curves for some parts; the others are constant.
        epochs: How many there are.
        parts: The parts of the backbone's loss.

    Raises:
        ValueError: If a curve is unknown or is given to a part that the loss does not have.
    """
    curves = curriculum.intensity
    by_part = curves if isinstance(curves, dict) else dict.fromkeys(parts, curves)
    for part in by_part:
        if part not in parts:
            raise ValueError(
                "intensity must name parts of the backbone's loss, one of"
                f" {', '.join(parts)}, got {part!r}"
            )

    def over_epochs(name: str) -> tuple[float, ...]:
        curve = named("intensity", name, INTENSITIES)
        start, p = curriculum.intensity_start, curriculum.intensity_power
        return tuple(curve(start + epoch, p) for epoch in range(epochs))

    ones = (1.0,) * epochs
    if curriculum.intensity_target == "loss":
        named_parts = {part: over_epochs(name) for part, name in by_part.items()}
        return LossWeights(dict.fromkeys(parts, ones) | named_parts, ones)
    if isinstance(curves, dict):
        raise ValueError(  # noqa: TRY004 - a rule between two settings is broken, not a type
            f"intensity must be one curve to act on the learning rate, got {curves}"
        )
    return LossWeights(dict.fromkeys(parts, ones), over_epochs(curves))

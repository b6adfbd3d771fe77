"""The common base of pacings and intensities: a number for each epoch of a curriculum."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Self

from class_sweep.config.curriculum import Curriculum


class EpochFunction(ABC):
    """A pure function of the curriculum epoch k, counted from 0.

    A subclass is a frozen dataclass. Its fields are the settings of `curriculum` that it reads,
    under the same names. A field `epochs` holds `budget.epochs`. Nothing else lists the parameters:
    a trial's identity, the schedule bounds and the space warnings read the fields.
    """

    @abstractmethod
    def __call__(self, k: int) -> float:
        """The value of epoch k."""

    @classmethod
    def parameters(cls) -> frozenset[str]:
        """The settings of `curriculum` that the function reads."""
        return frozenset(cls._fields()) - {"epochs"}

    @classmethod
    def of(cls, curriculum: Curriculum, epochs: int) -> Self:
        """The function under the settings of a curriculum.

        Args:
            curriculum: The settings.
            epochs: The number of curriculum epochs of the budget.
        """
        values = {name: getattr(curriculum, name) for name in cls.parameters()}
        return cls(**(values | {"epochs": epochs} if "epochs" in cls._fields() else values))

    @classmethod
    def _fields(cls) -> list[str]:
        dataclass: Any = cls
        return [field.name for field in fields(dataclass)]


def between_knots(knots: Sequence[float], epoch: float, epochs: int) -> float:
    """A piecewise-linear curve whose knots are spaced evenly from the first to the last epoch.

    Args:
        knots: (n,) the values of the curve at its knots, n ≥ 1; one knot is a constant.
        epoch: The epoch, from 0. The curve keeps its last value after the last epoch.
        epochs: E, the number of epochs; the last knot is at E − 1, or at 1 if E is 1.

    Example:
        >>> [between_knots([0.2, 0.6, 1.0], epoch, 5) for epoch in range(5)]
        [0.2, 0.4, 0.6, 0.8, 1.0]
    """
    position = epoch * (len(knots) - 1) / max(1, epochs - 1)
    before = min(max(0, math.floor(position)), len(knots) - 1)
    low, high = knots[before], knots[min(before + 1, len(knots) - 1)]
    return low + (high - low) * max(0.0, position - before)

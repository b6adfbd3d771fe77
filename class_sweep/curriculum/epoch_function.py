"""The common base of pacings and intensities: a number for each epoch of a curriculum."""

from abc import ABC, abstractmethod
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

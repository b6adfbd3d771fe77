"""The interface of a difficulty: a number for each training pair, low is easy.

Two bases: an `IndexedDifficulty` follows from the difficulty index, which all trials share, in each
trial. A `ComputedDifficulty` is computed once, before the trials, and its numbers are shared.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from class_sweep.config.components import DIFFICULTIES
from class_sweep.config.curriculum import Curriculum

if TYPE_CHECKING:  # the settings load the difficulties, and must not load torch
    from class_sweep.base.array_cache import ArrayCache
    from class_sweep.difficulty.index import DifficultyIndex


@dataclass(frozen=True, eq=False)
class TrainingPairs:
    """What a computed difficulty may read about the L training pairs. Read-only.

    Attributes:
        texts: (L,) the texts.
        smiles: (L,) the molecules, as their source writes them.
        text: (L, D_text) float32 features of the texts.
        molecule: (L, D_molecule) float32 features of the molecules.
        numbers: (L,) the numbers that the data gives; None if it gives none.
        seed: The seed of all random choices, `search.seed`.
        margins: Trains the backbone of the space on the full data for some epochs, and gives the
            (L,) mean margins; kept in the cache.
        cache: Keeps what takes long; the key of an entry must hold all that decides it.
    """

    texts: tuple[str, ...]
    smiles: tuple[str, ...]
    text: NDArray[np.float32]
    molecule: NDArray[np.float32]
    numbers: NDArray[np.float64] | None
    seed: int
    margins: Callable[[int], NDArray[np.floating[Any]]]
    cache: "ArrayCache"


class PairDifficulty(ABC):  # noqa: B024 - its two kinds have the methods
    """The base class of a difficulty. To add one, subclass one of its two kinds below.

    A subclass is a frozen dataclass. Its fields are the settings of `curriculum` that it reads,
    under the same names; nothing else lists them.

    Attributes:
        ties: Whether pairs can have equal numbers, so that the tie-break counts.
    """

    ties: ClassVar[bool] = True

    @classmethod
    def parameters(cls) -> frozenset[str]:
        """The settings of `curriculum` that the difficulty reads."""
        dataclass: Any = cls
        return frozenset(field.name for field in fields(dataclass))

    @classmethod
    def of(cls, curriculum: Curriculum) -> Self:
        """The difficulty under the settings of a curriculum."""
        return cls(**{name: getattr(curriculum, name) for name in cls.parameters()})


class IndexedDifficulty(PairDifficulty):
    """A difficulty that follows from the index, which holds it for every similarity."""

    @abstractmethod
    def read(self, index: "DifficultyIndex") -> NDArray[np.generic]:
        """(L,) the numbers, from the index under the similarity of the trial.

        Raises:
            DataError: If the index lacks what it reads.
        """


class ComputedDifficulty(PairDifficulty):
    """A difficulty that is computed once and shared by all trials.

    Attributes:
        reads_numbers: Whether it needs the numbers of the data.
    """

    reads_numbers: ClassVar[bool] = False

    @property
    def epochs(self) -> int:
        """The epochs of full data that it trains on, for `class-sweep check`."""
        return 0

    @abstractmethod
    def compute(self, pairs: TrainingPairs) -> NDArray[np.floating[Any] | np.integer[Any]]:
        """Compute the numbers: (L,), finite. Equal arguments give equal numbers.

        Raises:
            InputError: If the pairs lack what it reads.
        """


def difficulty_of(curriculum: Curriculum) -> PairDifficulty:
    """The difficulty that a curriculum names, under its settings."""
    implementation: type[PairDifficulty] = DIFFICULTIES.load(curriculum.difficulty)
    return implementation.of(curriculum)

"""The difficulty `column`: numbers of the user's own."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from class_sweep.difficulty.pair_difficulty import ComputedDifficulty, TrainingPairs
from class_sweep.errors import DataError


@dataclass(frozen=True)
class Column(ComputedDifficulty):
    """The numbers that the data gives, low is easy: those of `data.columns.difficulty`."""

    reads_numbers = True

    def compute(self, pairs: TrainingPairs) -> NDArray[np.float64]:
        """The numbers.

        Raises:
            DataError: If the data gives none.
        """
        if pairs.numbers is None:
            raise DataError("difficulty column needs a number for each training pair, got none")
        return pairs.numbers

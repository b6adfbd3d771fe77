"""The difficulty `margin`: how far the model itself prefers the true pair."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from class_sweep.difficulty.pair_difficulty import ComputedDifficulty, TrainingPairs


@dataclass(frozen=True)
class Margin(ComputedDifficulty):
    """The negative mean margin of a pair in a short run of the same backbone.

    A margin is the score of the true pair less the best other score of its text or its molecule in
    the batch. A pair whose partner never scores best is hard, and probably wrong: Pleiss et al.
    2020, arXiv 2001.10528, take the area under the margin for that.
    """

    ties = False

    margin_epochs: int

    @property
    def epochs(self) -> int:
        """The epochs of the run."""
        return self.margin_epochs

    def compute(self, pairs: TrainingPairs) -> NDArray[np.floating]:
        """Minus the mean margins of a run on the full data."""
        return -pairs.margins(self.margin_epochs)

"""The difficulty `ridge`: how well a linear map finds the molecule of a text."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from class_sweep.difficulty.pair_difficulty import ComputedDifficulty, TrainingPairs

_VERSION = 1  # raise it when the same features give other ranks


@dataclass(frozen=True)
class RidgeRank(ComputedDifficulty):
    """The rank of the true molecule under a cross-validated ridge map; see `ridge_ranks`."""

    def compute(self, pairs: TrainingPairs) -> NDArray[np.floating]:
        """(L,) the ranks; 1 is easiest."""
        from class_sweep.difficulty.ridge import ridge_ranks  # noqa: PLC0415 - it loads torch

        return pairs.cache.get_or_compute(
            ["ridge", _VERSION, pairs.text, pairs.molecule, pairs.seed],
            lambda: ridge_ranks(pairs.text, pairs.molecule, seed=pairs.seed),
            name="ridge",
        )

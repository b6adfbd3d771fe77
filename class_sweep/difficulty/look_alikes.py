"""The difficulty `look_alikes`: N(σ), the number of similar pairs. CLASS, arXiv 2502.11633."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from class_sweep.config.sigma import Quantile
from class_sweep.difficulty.pair_difficulty import IndexedDifficulty

if TYPE_CHECKING:
    from class_sweep.difficulty.index import DifficultyIndex


@dataclass(frozen=True)
class LookAlikes(IndexedDifficulty):
    """N_i(σ) = #{ j ≠ i : s_ij ≥ σ }: a pair with few look-alikes is easy."""

    sigma: float | Quantile
    text_weight: float
    molecule_similarity: str

    def read(self, index: "DifficultyIndex") -> NDArray[np.int32]:
        """N at σ.

        Raises:
            DataError: If σ was not counted.
        """
        return index.at(index.threshold(self.sigma))

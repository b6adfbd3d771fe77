"""What every trial reads and none may write: frozen features, splits, the difficulty index."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.config.sections import SPLITS
from class_sweep.difficulty.index import DifficultyIndex


@dataclass(frozen=True)
class TrialFeatures:
    """Arrays that may live in shared memory: index them, which copies; never write to them.

    Attributes:
        text: (N, D_text) float32, every pair of the data set.
        molecule: (N, D_molecule) float32, of the same pairs.
        split: (N,) int8 codes into `SPLITS`.
        index: The difficulty of the training pairs, in the order of their rows.
    """

    text: NDArray[np.float32]
    molecule: NDArray[np.float32]
    split: NDArray[np.int8]
    index: DifficultyIndex

    def rows(self, split: str) -> NDArray[np.int64]:
        """The rows of a split, ascending."""
        return np.flatnonzero(self.split == SPLITS.index(split))

    def texts(self, rows: NDArray[np.int64], device: torch.device) -> torch.Tensor:
        """(n, D_text) a private copy of some rows."""
        return torch.from_numpy(self.text[rows]).to(device)

    def molecules(self, rows: NDArray[np.int64], device: torch.device) -> torch.Tensor:
        """(n, D_molecule) a private copy of some rows."""
        return torch.from_numpy(self.molecule[rows]).to(device)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The whole as one flat dict of arrays, which an object store shares without copying."""
        own: dict[str, NDArray[np.generic]] = {
            "text": self.text,
            "molecule": self.molecule,
            "split": self.split,
        }
        return own | {f"index/{name}": array for name, array in self.index.arrays().items()}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Self:
        """The inverse of `arrays`; nothing is copied."""
        index = {
            name.removeprefix("index/"): array
            for name, array in arrays.items()
            if name.startswith("index/")
        }
        return cls(
            arrays["text"],  # type: ignore[arg-type]
            arrays["molecule"],  # type: ignore[arg-type]
            arrays["split"],  # type: ignore[arg-type]
            DifficultyIndex.from_arrays(index),
        )

"""What every trial reads and none may write: frozen features, splits, the difficulty indexes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.config.inputs import SPLITS
from class_sweep.config.sections import Curriculum
from class_sweep.difficulty.index import DifficultyIndex
from class_sweep.difficulty.similarity import Similarity
from class_sweep.errors import DataError, TrainingError


def similarity_of(curriculum: Curriculum) -> Similarity:
    """The similarity that a curriculum ranks by; over texts alone the molecules' plays no part."""
    weight = curriculum.text_weight
    return Similarity(weight, "cosine" if weight == 1 else curriculum.molecule_similarity)


@dataclass(frozen=True)
class TrialFeatures:
    """Arrays that may live in shared memory: index them, which copies; never write to them.

    Attributes:
        text: (N, D_text) float32, every pair of the data set.
        molecule: (N, D_molecule) float32, of the same pairs.
        split: (N,) int8 codes into `SPLITS`.
        indexes: The difficulty of the training pairs, in the order of their rows, under each
            similarity of the sweep.
        seal: (32,) uint8, SHA-256 over all arrays as they were when they were first shared.
    """

    text: NDArray[np.float32]
    molecule: NDArray[np.float32]
    split: NDArray[np.int8]
    indexes: Mapping[Similarity, DifficultyIndex]
    seal: NDArray[np.uint8] | None = None

    def index_for(self, curriculum: Curriculum) -> DifficultyIndex:
        """The index that a curriculum ranks by.

        Raises:
            DataError: If the sweep has none under its similarity.
        """
        wanted = similarity_of(curriculum)
        if wanted not in self.indexes:
            known = "; ".join(map(str, self.indexes))
            raise DataError(f"the similarity must be one that was indexed, got {wanted}: {known}")
        return self.indexes[wanted]

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
        return self._read() | {"seal": self._digest() if self.seal is None else self.seal}

    def require_unaltered(self) -> None:
        """See that nothing was written to the arrays since they were shared: 1 ms for 2 MB.

        Raises:
            TrainingError: If something was; every trial of this machine has read it since.
        """
        if self.seal is not None and not np.array_equal(self._digest(), self.seal):
            raise TrainingError(
                "shared features must stay as they were, got another checksum of them: this trial,"
                " or another on this machine, has written to them"
            )

    def _read(self) -> dict[str, NDArray[np.generic]]:
        arrays: dict[str, NDArray[np.generic]] = {
            "text": self.text,
            "molecule": self.molecule,
            "split": self.split,
        }
        for similarity, index in self.indexes.items():
            prefix = f"index/{similarity.text_weight!r}/{similarity.molecule}"
            arrays |= {f"{prefix}/{name}": array for name, array in index.arrays().items()}
        return arrays

    def _digest(self) -> NDArray[np.uint8]:
        digest = hashlib.sha256()
        for name, array in sorted(self._read().items()):
            digest.update(f"{name}{array.dtype}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
        return np.frombuffer(digest.digest(), dtype=np.uint8)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """The inverse of `arrays`; nothing is copied."""
        found: dict[Similarity, dict[str, NDArray[np.generic]]] = {}
        for name, array in arrays.items():
            if name.startswith("index/"):
                _, weight, molecule, part = name.split("/")
                similarity = Similarity(float(weight), molecule)  # type: ignore[arg-type]
                found.setdefault(similarity, {})[part] = array
        return cls(
            arrays["text"],  # type: ignore[arg-type]
            arrays["molecule"],  # type: ignore[arg-type]
            arrays["split"],  # type: ignore[arg-type]
            {key: DifficultyIndex.from_arrays(parts) for key, parts in found.items()},
            arrays["seal"],  # type: ignore[arg-type]
        )

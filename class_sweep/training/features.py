"""What every trial reads and none may write: features, graphs, splits, the difficulty indexes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.backbones.inputs import (
    Batch,
    Graphs,
    InputSpec,
    Molecules,
    Texts,
    TokenIds,
    Tokens,
)
from class_sweep.base.ragged import Ragged
from class_sweep.config.curriculum import Curriculum
from class_sweep.config.inputs import SPLITS
from class_sweep.config.sections import Settings
from class_sweep.difficulty.index import DifficultyIndex
from class_sweep.difficulty.similarity import Similarity
from class_sweep.encoders.molecule_graphs import MoleculeGraphs
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
        molecule: (N + X, D_molecule) float32, of the same pairs.
        split: (N,) int8 codes into `SPLITS`.
        indexes: The difficulty of the training pairs, in the order of their rows, under each
            similarity of the sweep.
        tokens: N rows of (T,) int32 token numbers, where a transformer is trained.
        token_states: N rows of (T, D_text) float16, where a backbone reads frozen tokens.
        token_means: (N, D_text) float32, the mean token of a lower layer; with `token_states`.
        graphs: The same molecules as graphs, where a backbone reads them.
        text_ids: (N,) int32, equal for equal texts; None where all differ.
        molecule_ids: (N + X,) int32, equal for equal molecules; None where all differ.
        seal: (32,) uint8, SHA-256 over all arrays as they were when they were first shared.

    Behind the N molecules of the pairs there may be X more, candidates of the pool `all`.
    """

    text: NDArray[np.float32]
    molecule: NDArray[np.float32]
    split: NDArray[np.int8]
    indexes: Mapping[Similarity, DifficultyIndex]
    tokens: Ragged | None = None
    token_states: Ragged | None = None
    token_means: NDArray[np.float32] | None = None
    graphs: MoleculeGraphs | None = None
    text_ids: NDArray[np.int32] | None = None
    molecule_ids: NDArray[np.int32] | None = None
    seal: NDArray[np.uint8] | None = None

    def input_spec(self, settings: Settings) -> InputSpec:
        """What a backbone of a trial is built over."""
        return InputSpec(
            self.text.shape[1],
            self.molecule.shape[1],
            self.graphs.vectors if self.graphs else None,
            settings.text_encoder.trained_transformer,
        )

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

    @property
    def are_vectors(self) -> bool:
        """Whether a trial reads one vector a text and one a molecule, and no more."""
        return self.tokens is None and self.token_states is None and self.graphs is None

    def text_lengths(self, rows: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """(n,) tokens of some texts, where a trial reads tokens; else all take the same time."""
        tokens = self.tokens or self.token_states
        return tokens.lengths(rows) if tokens else None

    def texts(self, rows: NDArray[np.int64], device: torch.device) -> Texts | TokenIds:
        """A private copy of some rows."""
        if self.tokens is not None:
            return TokenIds.of(self.tokens.take(rows)).to(device)
        sentence = torch.from_numpy(self.text[rows])
        if self.token_states is None or self.token_means is None:
            return Texts(sentence).to(device)
        states, mask = self.token_states.take(rows).padded()
        mean = torch.from_numpy(self.token_means[rows])
        moved = torch.from_numpy(states).to(device).float()  # in this order: at half the size
        return Texts(sentence, Tokens(mean, moved, torch.from_numpy(mask))).to(device)

    def molecules(self, rows: NDArray[np.int64], device: torch.device) -> Molecules:
        """A private copy of some rows."""
        graphs = Graphs.of(self.graphs.take(rows)) if self.graphs else None
        return Molecules(torch.from_numpy(self.molecule[rows]), graphs).to(device)

    def batch(self, rows: NDArray[np.int64], device: torch.device) -> Batch:
        """Both sides of some rows."""
        return Batch(self.texts(rows, device), self.molecules(rows, device))

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
        for name in ("tokens", "token_states"):
            if (ragged := getattr(self, name)) is not None:
                arrays |= ragged.arrays(name)
        for name in ("token_means", "text_ids", "molecule_ids"):
            if (array := getattr(self, name)) is not None:
                arrays[name] = array
        if self.graphs is not None:
            arrays |= {f"graphs/{name}": array for name, array in self.graphs.arrays().items()}
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
        graphs: dict[str, NDArray[np.generic]] = {}
        for name, array in arrays.items():
            if name.startswith("index/"):
                _, weight, molecule, part = name.split("/")
                similarity = Similarity(float(weight), molecule)  # type: ignore[arg-type]
                found.setdefault(similarity, {})[part] = array
            elif name.startswith("graphs/"):
                graphs[name.removeprefix("graphs/")] = array
        ragged = {
            name: Ragged.from_arrays(arrays, name) if f"{name}/values" in arrays else None
            for name in ("tokens", "token_states")
        }
        return cls(
            arrays["text"],  # type: ignore[arg-type]
            arrays["molecule"],  # type: ignore[arg-type]
            arrays["split"],  # type: ignore[arg-type]
            {key: DifficultyIndex.from_arrays(parts) for key, parts in found.items()},
            ragged["tokens"],
            ragged["token_states"],
            arrays.get("token_means"),  # type: ignore[arg-type]
            MoleculeGraphs.from_arrays(graphs) if graphs else None,
            arrays.get("text_ids"),  # type: ignore[arg-type]
            arrays.get("molecule_ids"),  # type: ignore[arg-type]
            arrays["seal"],  # type: ignore[arg-type]
        )

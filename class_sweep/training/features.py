"""The read-only inputs of every trial: features, graphs, splits and difficulty indexes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.backbones.batch import (
    Batch,
    Graphs,
    InputSpec,
    Molecules,
    Texts,
    TokenIds,
    Tokens,
)
from class_sweep.base.hashing import arrays_checksum
from class_sweep.base.ragged import Ragged
from class_sweep.config.curriculum import Curriculum
from class_sweep.config.inputs import SPLITS
from class_sweep.config.sections import Settings
from class_sweep.difficulty.index import DifficultyIndex
from class_sweep.difficulty.pair_difficulty import (
    IndexedDifficulty,
    difficulty_of,
)
from class_sweep.difficulty.similarity import Similarity
from class_sweep.encoders.encoded_features import MoleculeFeatures, TextFeatures
from class_sweep.encoders.molecule_graphs import MoleculeGraphs
from class_sweep.errors import DataError, TrainingError


def similarity_of(curriculum: Curriculum) -> Similarity:
    """The similarity behind a curriculum's difficulty. With texts alone, molecules do not count."""
    weight = curriculum.text_weight
    return Similarity(weight, "cosine" if weight == 1 else curriculum.molecule_similarity)


@dataclass(frozen=True)
class TrialFeatures:
    """The arrays of N pairs and X extra molecules. They may be shared: copy rows, never write.

    The extra molecules have no text. They are candidates of the pool `all`.

    Attributes:
        text: (N, D_text) float32 text features.
        molecule: (N + X, D_molecule) float32 molecule features, those of the pairs first.
        split: (N,) int8 indices into `SPLITS`.
        indexes: For each similarity of the sweep, the difficulty of the training pairs, in the
            order of their rows.
        tokens: N rows of (T,) int32 token ids, if a transformer is trained.
        token_states: N rows of (T, D_text) float16 frozen tokens, if the backbone reads them.
        token_means: (N, D_text) float32, the mean token of a lower layer; with `token_states`.
        graphs: The N + X molecules as graphs, if the backbone reads them.
        text_ids: (N,) int32, equal for equal texts; None if all texts differ.
        molecule_ids: (N + X,) int32, equal for equal molecules; None if all molecules differ.
        seal: (32,) uint8, the SHA-256 of all arrays at the time of their first sharing.
        difficulties: For each computed difficulty of the sweep, by its
            `Curriculum.difficulty_label`, the (L,) numbers of the training pairs, in the order of
            their rows.
        molecule_tokens: N + X rows of (T,) int32 token ids, if a transformer over SMILES is
            trained.
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
    difficulties: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    molecule_tokens: Ragged | None = None

    @classmethod
    def of(
        cls,
        texts: TextFeatures,
        molecules: MoleculeFeatures,
        *,
        split: NDArray[np.int8],
        indexes: Mapping[Similarity, DifficultyIndex],
        text_ids: NDArray[np.int32] | None = None,
        molecule_ids: NDArray[np.int32] | None = None,
        difficulties: Mapping[str, NDArray[np.float64]] | None = None,
    ) -> Self:
        """The features of a data set from those of its texts and molecules.

        Args:
            texts: The features of the N texts.
            molecules: The features of the N + X molecules.
            split: As the attribute.
            indexes: As the attribute.
            text_ids: As the attribute.
            molecule_ids: As the attribute.
            difficulties: As the attribute; none unless given.
        """
        return cls(
            text=texts.vectors,
            molecule=molecules.vectors,
            split=split,
            indexes=indexes,
            tokens=texts.tokens.tokens,
            token_states=texts.tokens.token_states,
            token_means=texts.tokens.token_means,
            graphs=molecules.graphs,
            text_ids=text_ids,
            molecule_ids=molecule_ids,
            difficulties=difficulties or {},
            molecule_tokens=molecules.tokens,
        )

    def input_spec(self, settings: Settings) -> InputSpec:
        """The widths and pretrained parts that a trial's backbone is built over."""
        return InputSpec(
            self.text.shape[1],
            self.molecule.shape[1],
            self.graphs.vectors if self.graphs else None,
            settings.text_encoder.trained_transformer,
            settings.molecule_encoder.trained_transformer,
        )

    def index_for(self, curriculum: Curriculum) -> DifficultyIndex:
        """The difficulty index under a curriculum's similarity.

        Raises:
            DataError: If the sweep has no index under this similarity.
        """
        wanted = similarity_of(curriculum)
        if wanted not in self.indexes:
            indexed = "; ".join(map(str, self.indexes))
            raise DataError(f"the similarity must be one of the index ({indexed}), got {wanted}")
        return self.indexes[wanted]

    def difficulty_for(self, curriculum: Curriculum) -> NDArray[np.generic]:
        """(L,) the difficulty of the training pairs under a curriculum, low is easy.

        Raises:
            DataError: If the sweep has not computed it, or its index lacks the similarity or σ.
        """
        difficulty = difficulty_of(curriculum)
        if isinstance(difficulty, IndexedDifficulty):
            return difficulty.read(self.index_for(curriculum))
        label = curriculum.difficulty_label
        if label not in self.difficulties:
            known = "; ".join(self.difficulties) or "none"
            raise DataError(f"the difficulty must be one that was computed ({known}), got {label}")
        return self.difficulties[label]

    def rows(self, split: str) -> NDArray[np.int64]:
        """The rows of a split, ascending."""
        return np.flatnonzero(self.split == SPLITS.index(split))

    @property
    def are_vectors(self) -> bool:
        """Whether a trial reads nothing but one vector per text and one per molecule."""
        read = (self.tokens, self.token_states, self.graphs, self.molecule_tokens)
        return all(part is None for part in read)

    def pair_lengths(self, rows: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """(n,) the numbers of tokens of the pairs in n rows; None if a trial reads no tokens."""
        sides = (self.text_lengths(rows), self.molecule_lengths(rows))
        lengths = [side for side in sides if side is not None]
        return np.sum(lengths, axis=0) if lengths else None

    def text_lengths(self, rows: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """(n,) the numbers of tokens of the texts in n rows; None if a trial reads no tokens."""
        tokens = self.tokens or self.token_states
        return tokens.lengths(rows) if tokens else None

    def molecule_lengths(self, rows: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """(n,) the numbers of tokens of the molecules in n rows; None if they have none."""
        return self.molecule_tokens.lengths(rows) if self.molecule_tokens else None

    def texts(self, rows: NDArray[np.int64], device: torch.device) -> Texts | TokenIds:
        """The texts of some rows, as a copy on a device."""
        if self.tokens is not None:
            return TokenIds.of(self.tokens.take(rows)).to(device)
        sentence = torch.from_numpy(self.text[rows])
        if self.token_states is None or self.token_means is None:
            return Texts(sentence).to(device)
        states, mask = self.token_states.take(rows).padded()
        mean = torch.from_numpy(self.token_means[rows])
        # Moved before the conversion to float32: half the bytes.
        moved = torch.from_numpy(states).to(device).float()
        return Texts(sentence, Tokens(mean, moved, torch.from_numpy(mask))).to(device)

    def molecules(self, rows: NDArray[np.int64], device: torch.device) -> Molecules | TokenIds:
        """The molecules of some rows, as a copy on a device."""
        if self.molecule_tokens is not None:
            return TokenIds.of(self.molecule_tokens.take(rows)).to(device)
        graphs = Graphs.of(self.graphs.take(rows)) if self.graphs else None
        return Molecules(torch.from_numpy(self.molecule[rows]), graphs).to(device)

    def batch(self, rows: NDArray[np.int64], device: torch.device) -> Batch:
        """The texts and molecules of some rows, as a copy on a device."""
        return Batch(self.texts(rows, device), self.molecules(rows, device))

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """All arrays by name, for an object store, which shares them without a copy."""
        return self._read() | {"seal": self._digest() if self.seal is None else self.seal}

    def require_unaltered(self) -> None:
        """Check that the arrays have not changed since they were shared; 1 ms for 2 MB.

        Raises:
            TrainingError: If they have changed: all trials of this machine then read wrong values.
        """
        if self.seal is not None and not np.array_equal(self._digest(), self.seal):
            raise TrainingError(
                "shared features must not change, got another checksum: this trial, or another one"
                " on this machine, has written to them"
            )

    def checksum(self) -> str:
        """SHA-256 (hex) over all arrays."""
        return self._digest().tobytes().hex()

    def _read(self) -> dict[str, NDArray[np.generic]]:
        arrays: dict[str, NDArray[np.generic]] = {
            "text": self.text,
            "molecule": self.molecule,
            "split": self.split,
        }
        for name in ("tokens", "token_states", "molecule_tokens"):
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
        return arrays | {f"difficulty/{name}": array for name, array in self.difficulties.items()}

    def _digest(self) -> NDArray[np.uint8]:
        return np.frombuffer(arrays_checksum(self._read()), dtype=np.uint8)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """The inverse of `arrays`, without a copy."""
        index_parts: dict[Similarity, dict[str, NDArray[np.generic]]] = {}
        graphs: dict[str, NDArray[np.generic]] = {}
        difficulties: dict[str, NDArray[np.float64]] = {}
        for name, array in arrays.items():
            if name.startswith("index/"):
                _, weight, molecule, part = name.split("/")
                similarity = Similarity(float(weight), molecule)  # type: ignore[arg-type]
                index_parts.setdefault(similarity, {})[part] = array
            elif name.startswith("graphs/"):
                graphs[name.removeprefix("graphs/")] = array
            elif name.startswith("difficulty/"):
                difficulties[name.removeprefix("difficulty/")] = array  # type: ignore[assignment]
        ragged = {
            name: Ragged.from_arrays(arrays, name) if f"{name}/values" in arrays else None
            for name in ("tokens", "token_states", "molecule_tokens")
        }
        return cls(
            arrays["text"],  # type: ignore[arg-type]
            arrays["molecule"],  # type: ignore[arg-type]
            arrays["split"],  # type: ignore[arg-type]
            {key: DifficultyIndex.from_arrays(parts) for key, parts in index_parts.items()},
            ragged["tokens"],
            ragged["token_states"],
            arrays.get("token_means"),  # type: ignore[arg-type]
            MoleculeGraphs.from_arrays(graphs) if graphs else None,
            arrays.get("text_ids"),  # type: ignore[arg-type]
            arrays.get("molecule_ids"),  # type: ignore[arg-type]
            arrays["seal"],  # type: ignore[arg-type]
            difficulties,
            ragged["molecule_tokens"],
        )

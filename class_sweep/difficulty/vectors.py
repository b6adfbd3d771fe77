"""The inputs of the pair similarity: features, their norms and bit-packed fingerprints.

Scale the text side to length √w and the molecule side to √(1 − w) and concatenate both: the
weighted sum of two cosines is then one inner product z_i · z_j. To save memory, each tile
normalises its own rows, and no normalised copy of all rows exists.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.difficulty.similarity import Similarity
from class_sweep.difficulty.threads import Workers
from class_sweep.errors import DataError

_CHUNK = 1024  # rows converted to float64 at a time, which fit in the processor cache


@dataclass(frozen=True)
class PairVectors:
    """Read-only arrays, which an object store can share.

    Attributes:
        text: (L, D_text) float32, or (L, 0) for w = 0.
        text_scale: (L,) float64, √w / ‖h^t_i‖, 0 for a zero vector.
        molecule: (L, D_molecule) float32, or (L, 0) under Tanimoto or for w = 1.
        molecule_scale: (L,) float64, √(1 − w) / ‖h^m_i‖, 0 for a zero vector.
        squared_norms: (L,) float64, z_i · z_i: the sum of w and 1 − w without the zero sides.
        bits: (L, W) uint64, the packed fingerprints; W = 0 without Tanimoto.
        ones: (L,) int64, the number of set bits of each fingerprint.
        tanimoto_weight: 1 − w under Tanimoto, else 0.
    """

    text: NDArray[np.float32]
    text_scale: NDArray[np.float64]
    molecule: NDArray[np.float32]
    molecule_scale: NDArray[np.float64]
    squared_norms: NDArray[np.float64]
    bits: NDArray[np.uint64]
    ones: NDArray[np.int64]
    tanimoto_weight: float

    def __len__(self) -> int:
        return len(self.text)

    @classmethod
    def of(
        cls, text: NDArray[np.generic], molecule: NDArray[np.generic], similarity: Similarity
    ) -> Self:
        """The vectors of all pairs under a similarity.

        Args:
            text: (L, D_text) features.
            molecule: (L, D_molecule) features of the same pairs; under Tanimoto their non-zero
                entries are the fingerprint.
            similarity: The similarity.

        Raises:
            DataError: If the rows do not match, or a feature is not finite.
        """
        if text.ndim != 2 or molecule.ndim != 2 or len(text) != len(molecule):
            raise DataError(
                "text and molecule features must have one row per pair,"
                f" got {text.shape} and {molecule.shape}"
            )
        text_norms, molecule_norms = _norms(text, "text"), _norms(molecule, "molecule")
        weight = float(similarity.text_weight)
        tanimoto = similarity.molecule == "tanimoto" and weight < 1
        used_text = text if weight > 0 else text[:, :0]
        used_molecule = molecule if weight < 1 and not tanimoto else molecule[:, :0]
        bits = _pack(molecule if tanimoto else molecule[:, :0])
        return cls(
            text=used_text,  # type: ignore[arg-type]
            text_scale=_inverse(text_norms) * np.sqrt(weight),
            molecule=used_molecule,  # type: ignore[arg-type]
            molecule_scale=_inverse(molecule_norms) * np.sqrt(1 - weight),
            squared_norms=weight * (text_norms > 0)
            + (0.0 if tanimoto else 1 - weight) * (molecule_norms > 0),
            bits=bits,
            ones=np.bitwise_count(bits).sum(axis=1, dtype=np.int64),
            tanimoto_weight=1 - weight if tanimoto else 0.0,
        )

    @property
    def dimensions(self) -> int:
        """D, the length of a joined vector."""
        return int(self.text.shape[1] + self.molecule.shape[1])

    def joined(self, rows: range) -> NDArray[np.float64]:
        """The joined vectors z of rows: (n, D) float64; the norm is 1, or less with a zero side."""
        z = np.empty((len(rows), self.dimensions))
        part, split = slice(rows.start, rows.stop), self.text.shape[1]
        z[:, :split], z[:, split:] = self.text[part], self.molecule[part]
        # PyTorch needs half the time of NumPy; the scales are copies of read-only memory.
        scaled = torch.from_numpy(z)
        scaled[:, :split] *= torch.from_numpy(self.text_scale[part, None].copy())
        scaled[:, split:] *= torch.from_numpy(self.molecule_scale[part, None].copy())
        return z

    def mean_inner(self) -> NDArray[np.float64]:
        """(L,) the mean of z_i · z_j over j ≠ i, from one sum of all vectors; 0 for L = 1."""
        pairs = len(self)
        if pairs == 1:
            return np.zeros(1)
        spans = _chunks(pairs)
        with Workers() as workers:
            total = sum(workers.map(lambda rows: self.joined(rows).sum(axis=0), spans))
            mean = np.concatenate(list(workers.map(lambda rows: self.joined(rows) @ total, spans)))
        return (mean - self.squared_norms) / (pairs - 1)


def _chunks(pairs: int) -> list[range]:
    return [range(start, min(start + _CHUNK, pairs)) for start in range(0, pairs, _CHUNK)]


def _norms(features: NDArray[np.generic], name: str) -> NDArray[np.float64]:
    """(L,) norms, in float64, in which the square of a float32 cannot over- or underflow."""
    norms = np.empty(len(features))
    for rows in _chunks(len(features)):
        float64_rows = features[rows.start : rows.stop].astype(np.float64)
        norms[rows.start : rows.stop] = np.sqrt(np.einsum("nd,nd->n", float64_rows, float64_rows))
    bad = np.flatnonzero(~np.isfinite(norms))
    if bad.size:
        raise DataError(
            f"{name} features must be finite, got NaN or infinity in"
            f" {bad.size} rows, the first of them row {bad[0]}"
        )
    return norms


def _inverse(norms: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0)


def _pack(features: NDArray[np.generic]) -> NDArray[np.uint64]:
    """The non-zero entries as bits: (L, D) to (L, ⌈D / 64⌉)."""
    words = -(-features.shape[1] // 64)
    packed = np.zeros((len(features), 8 * words), dtype=np.uint8)
    for rows in _chunks(len(features)):
        part = np.packbits(features[rows.start : rows.stop] != 0, axis=1)
        packed[rows.start : rows.stop, : part.shape[1]] = part
    return packed.view(np.uint64)

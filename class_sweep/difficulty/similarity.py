"""Pair similarity as one inner product, and the rule for a threshold that rounding cannot decide.

s_ij = ½ (cos(h^t_i, h^t_j) + cos(h^m_i, h^m_j)): with both sides normalised, concatenated and
divided by √2 it is z_i · z_j (CLASS, arXiv 2502.11633, eq. 2).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from class_sweep.errors import DataError

THRESHOLD_TOLERANCE = 1e-9
"""s_ij counts as reaching σ when it is at least σ − 1e-9 in float64, so that duplicates, whose
cosine is 1 up to rounding, reach σ = 1."""

_FLOAT32_ROUNDOFF = 2.0**-24


@dataclass(frozen=True)
class PairVectors:
    """One vector a pair, whose inner products are the pair similarities.

    Attributes:
        z: (L, D) float32, D = D_text + D_molecule; a row's norm is 1, or less where a side is zero.
        z64: (L, D) float64, the same before rounding.
    """

    z: NDArray[np.float32]
    z64: NDArray[np.float64]

    @property
    def rounding(self) -> float:
        """How far a float32 product of two rows may stray from the float64 one.

        The probabilistic bound of Higham and Mary (2019, "A new approach to probabilistic
        rounding error analysis"), λ √D u with λ = 6, and 2u for rounding the rows.
        """
        return (6 * math.sqrt(self.z.shape[1]) + 2) * _FLOAT32_ROUNDOFF

    def exact(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float64]:
        """s_ij in float64 for chosen pairs: (n,) and (n,) to (n,)."""
        out = np.empty(len(rows))
        step = max(1, 2**22 // self.z64.shape[1])  # 32 MiB a side at a time
        for start in range(0, len(rows), step):
            part = slice(start, start + step)
            out[part] = np.einsum("nd,nd->n", self.z64[rows[part]], self.z64[columns[part]])
        return out


def pair_vectors(text: NDArray[np.float32], molecule: NDArray[np.float32]) -> PairVectors:
    """Join both modalities into one vector a pair.

    A zero vector has cosine 0 with everything, itself included.

    Args:
        text: (L, D_text) features.
        molecule: (L, D_molecule) features of the same pairs.

    Raises:
        DataError: If the rows do not match, or a feature is not finite.
    """
    if text.ndim != 2 or molecule.ndim != 2 or len(text) != len(molecule):
        raise DataError(
            "text and molecule features must be one row a pair each,"
            f" got {text.shape} and {molecule.shape}"
        )
    for name, features in (("text", text), ("molecule", molecule)):
        bad = np.flatnonzero(~np.isfinite(features).all(axis=1))
        if bad.size:
            raise DataError(
                f"{name} features must be finite, got NaN or infinity in"
                f" {bad.size} rows, the first of them row {bad[0]}"
            )
    z64 = np.concatenate([_unit(text), _unit(molecule)], axis=1) / np.sqrt(2.0)
    return PairVectors(z64.astype(np.float32), z64)


def _unit(features: NDArray[np.float32]) -> NDArray[np.float64]:
    wide = features.astype(np.float64)
    # Scaling by the largest entry first keeps huge and tiny rows from over- or underflowing.
    largest = np.abs(wide).max(axis=1, keepdims=True, initial=0.0)
    wide /= np.where(largest > 0, largest, 1.0)
    norms = np.linalg.norm(wide, axis=1, keepdims=True)
    return wide / np.where(norms > 0, norms, 1.0)

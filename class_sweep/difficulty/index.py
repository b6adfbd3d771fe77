"""The difficulty index: how many other pairs look like each pair, for every σ of a sweep at once.

N_i(σ) = #{ j ≠ i : s_ij ≥ σ } (CLASS, arXiv 2502.11633). One pass over the upper triangle of the
similarity matrix in blocks; the L x L matrix never exists.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.difficulty.similarity import THRESHOLD_TOLERANCE, PairVectors, pair_vectors
from class_sweep.errors import DataError

BLOCK = 1024  # rows: a 4 MiB product stays in the cache while it is counted
Progress = Callable[[int, int], None]  # blocks so far, blocks in all


@dataclass(frozen=True)
class DifficultyIndex:
    """N_i(σ) for every σ of a sweep.

    Attributes:
        sigmas: (S,) float64, ascending.
        neighbours: (S, L) int32, N_i(σ).
        mean_similarity: (L,) float64, the mean of s_ij over j ≠ i: what breaks ties in N.
    """

    sigmas: NDArray[np.float64]
    neighbours: NDArray[np.int32]
    mean_similarity: NDArray[np.float64]

    def at(self, sigma: float) -> NDArray[np.int32]:
        """N_i(σ): (L,).

        Raises:
            DataError: If σ was not counted.
        """
        near = int(np.abs(self.sigmas - sigma).argmin())
        if abs(self.sigmas[near] - sigma) > THRESHOLD_TOLERANCE:
            raise DataError(
                f"sigma must be one that the index was counted at, got {sigma};"
                f" the nearest is {self.sigmas[near]:g}"
            )
        counts: NDArray[np.int32] = self.neighbours[near]
        return counts

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The index as named arrays, for a cache or an object store."""
        return {
            "sigmas": self.sigmas,
            "neighbours": self.neighbours,
            "mean_similarity": self.mean_similarity,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Self:
        """The inverse of `arrays`; nothing is copied."""
        return cls(arrays["sigmas"], arrays["neighbours"], arrays["mean_similarity"])  # type: ignore[arg-type]

    def checksum(self) -> str:
        """SHA-256 over the arrays: two indexes with one checksum are the same index."""
        digest = hashlib.sha256()
        for name, array in sorted(self.arrays().items()):
            digest.update(f"{name}{array.dtype}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


def build_index(
    text: NDArray[np.float32],
    molecule: NDArray[np.float32],
    sigmas: Sequence[float],
    *,
    progress: Progress | None = None,
) -> DifficultyIndex:
    """Count every pair's look-alikes at every σ, exactly.

    Float32 products decide; those too near a threshold for float32 are decided in float64, where
    s_ij reaches σ when it is at least σ − 1e-9.

    Args:
        text: (L, D_text) features of the training pairs.
        molecule: (L, D_molecule) features of the same pairs.
        sigmas: The thresholds, at least one.
        progress: Called with the blocks so far and in all.

    Raises:
        DataError: If no pair or no σ is given, or the features do not match or are not finite.
    """
    if len(text) == 0 or len(sigmas) == 0:
        raise DataError(
            f"an index needs a pair and a sigma, got {len(text)} pairs, {len(sigmas)} sigmas"
        )
    thresholds = np.unique(np.asarray(sigmas, dtype=np.float64))
    vectors = pair_vectors(text, molecule)
    counts = _Counter(vectors, thresholds)
    blocks = list(_upper_blocks(len(text)))
    for done, (rows, columns) in enumerate(blocks, start=1):
        counts.add(rows, columns)
        if progress:
            progress(done, len(blocks))
    return DifficultyIndex(thresholds, counts.neighbours(), _mean_similarity(vectors))


def _upper_blocks(pairs: int) -> Iterator[tuple[range, range]]:
    """Row and column ranges that cover every pair i < j once, and the diagonal."""
    for i in range(0, pairs, BLOCK):
        for j in range(i, pairs, BLOCK):
            yield range(i, min(i + BLOCK, pairs)), range(j, min(j + BLOCK, pairs))


class _Counter:
    """Adds up, for each pair, how many similarities fall between neighbouring thresholds."""

    def __init__(self, vectors: PairVectors, thresholds: NDArray[np.float64]) -> None:
        self._vectors = vectors
        self._thresholds = thresholds
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._z = torch.from_numpy(vectors.z).to(self._device)
        self._edges = torch.from_numpy(thresholds.astype(np.float32)).to(self._device)
        self._levels = len(thresholds)
        # histogram[i, b]: how many j have s_ij in the b-th interval [σ_b, σ_b+1)
        self._histogram = torch.zeros(
            (len(vectors.z), len(thresholds)), dtype=torch.int32, device=self._device
        )

    def add(self, rows: range, columns: range) -> None:
        """Count one block of the upper triangle, for its rows and for its columns."""
        product = self._z[rows.start : rows.stop] @ self._z[columns.start : columns.stop].T
        if rows == columns:
            # j > i only: a pair is no look-alike of itself, and (j, i) is counted with (i, j).
            product = product.masked_fill_(
                torch.ones_like(product, dtype=torch.bool).tril_(), -torch.inf
            )
        slack = self._vectors.rounding + THRESHOLD_TOLERANCE
        i, j = torch.nonzero(product >= self._edges[0] - slack, as_tuple=True)
        if not len(i):
            return
        value = product[i, j]
        level = torch.searchsorted(self._edges, value, right=True)
        # A level that changes within ± slack is one that float32 cannot tell.
        unsure = torch.searchsorted(self._edges, value - slack, right=True) != (
            torch.searchsorted(self._edges, value + slack, right=True)
        )
        if unsure.any():
            exact = self._vectors.exact(
                i[unsure].cpu().numpy() + rows.start, j[unsure].cpu().numpy() + columns.start
            )
            decided = np.searchsorted(self._thresholds, exact + THRESHOLD_TOLERANCE, side="right")
            level[unsure] = torch.from_numpy(decided).to(level)
        reached = level > 0
        level = level[reached] - 1
        for span, pair in ((rows, i[reached]), (columns, j[reached])):
            here = torch.bincount(pair * self._levels + level, minlength=len(span) * self._levels)
            self._histogram[span.start : span.stop] += here.reshape(len(span), self._levels)

    def neighbours(self) -> NDArray[np.int32]:
        """N_i(σ): (S, L), the histogram summed from its upper end."""
        summed = self._histogram.T.flip(0).cumsum(0, dtype=torch.int32).flip(0)
        return np.ascontiguousarray(summed.cpu().numpy())


def _mean_similarity(vectors: PairVectors) -> NDArray[np.float64]:
    """The mean of s_ij over j ≠ i for every i, from one sum of all vectors."""
    z = vectors.z64
    if len(z) == 1:
        return np.zeros(1)
    return (z @ z.sum(axis=0) - np.einsum("nd,nd->n", z, z)) / (len(z) - 1)  # type: ignore[no-any-return]

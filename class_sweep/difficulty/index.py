"""The difficulty index: the number of look-alikes of each pair, for every σ of a sweep.

N_i(σ) = #{ j ≠ i : s_ij ≥ σ } (CLASS, arXiv 2502.11633), and each pair's nearest neighbours, from
one pass over the upper triangle of the similarity matrix, one tile at a time.

The cost grows as L²: 26 s for 43,199 pairs on 2 cores (91 σ from 0.9, m = 32, 1,280 dimensions),
so about 21 minutes for 300,000 pairs and 3.8 hours for a million. Tiles are independent, so more
cores, a GPU or the nodes of a cluster shorten the time.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from class_sweep.base.hashing import arrays_checksum
from class_sweep.config.sigma import Quantile
from class_sweep.difficulty.combine import Counted, combine
from class_sweep.difficulty.side import decode
from class_sweep.difficulty.similarity import CLASS_SIMILARITY, THRESHOLD_TOLERANCE, Similarity
from class_sweep.difficulty.tiles import IndexRequest, Partial, Tile, blocks_of, count_tile, tiles
from class_sweep.difficulty.vectors import PairVectors
from class_sweep.errors import DataError

DEFAULT_NEIGHBOURS = 32
"""The default m, the number of nearest neighbours of each pair; L − 1 if that is less."""

Progress = Callable[[int, int], None]
"""Receives the number of counted blocks and the number of all blocks."""
Executor = Callable[[PairVectors, Sequence[Tile], IndexRequest], Iterable[Partial]]
"""Runs `count_tile(vectors, tile, request)` for every tile and yields the results in any order."""


@dataclass(frozen=True)
class DifficultyIndex:
    """N_i(σ) for every σ of a sweep.

    Attributes:
        sigmas: (S,) float64, ascending.
        counts: (L, S) uint16, or uint32 for more than 65,536 pairs: N_i(σ), one row per pair.
        mean_similarity: (L,) float64, the mean of s_ij over j ≠ i, which breaks ties of N.
        neighbours: (L, m) int32, the most similar other pairs of each pair, most similar first;
            among equal similarities the lower pair number comes first.
        neighbour_similarity: (L, m) float32, the similarities of the neighbours, rounded to 2⁻³⁰.
    """

    sigmas: NDArray[np.float64]
    counts: NDArray[np.unsignedinteger]
    mean_similarity: NDArray[np.float64]
    neighbours: NDArray[np.int32]
    neighbour_similarity: NDArray[np.float32]

    def at(self, sigma: float) -> NDArray[np.int32]:
        """N_i(σ) of each pair: (L,).

        Raises:
            DataError: If σ was not counted.
        """
        near = int(np.abs(self.sigmas - sigma).argmin())
        if not abs(self.sigmas[near] - sigma) <= THRESHOLD_TOLERANCE:
            raise DataError(
                f"sigma must be one that the index was counted at, got {sigma};"
                f" the nearest is {self.sigmas[near]:g}"
            )
        return self.counts[:, near].astype(np.int32)

    @property
    def nearest(self) -> NDArray[np.float32]:
        """The similarity of each pair to its nearest neighbour: (L,).

        Raises:
            DataError: If no neighbours were kept.
        """
        if not self.neighbours.shape[1]:
            raise DataError(
                "nearest similarities need m of at least 1, got an index without neighbours"
            )
        nearest: NDArray[np.float32] = self.neighbour_similarity[:, 0]
        return nearest

    def threshold(self, sigma: float | Quantile) -> float:
        """The similarity that a σ of the settings stands for.

        Raises:
            DataError: If σ is a quantile and the index has no neighbours; see `sigma_at`.
        """
        return self.sigma_at(sigma.quantile) if isinstance(sigma, Quantile) else sigma

    def sigma_at(self, quantile: float) -> float:
        """The quantile of the nearest-neighbour similarities, to 1e-4.

        Raises:
            DataError: If the quantile is not in [0, 1], or no neighbours were kept.
        """
        return sigma_at(self.nearest, quantile)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The index as named arrays, for a cache or an object store."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Self:
        """The inverse of `arrays`; nothing is copied.

        Raises:
            DataError: If the arrays are not the arrays of an index of this version.
        """
        expected = [field.name for field in fields(cls)]
        if sorted(arrays) != sorted(expected):
            raise DataError(
                f"an index must hold the arrays {', '.join(expected)},"
                f" got {', '.join(sorted(arrays))}: another version wrote it"
            )
        return cls(**arrays)  # type: ignore[arg-type]

    def checksum(self) -> str:
        """SHA-256 over the arrays: two indexes with one checksum are the same index."""
        return arrays_checksum(self.arrays()).hex()


def sigma_at(nearest: NDArray[np.float32], quantile: float) -> float:
    """The quantile of nearest-neighbour similarities (L,), rounded to 1e-4 and within (0, 1].

    Raises:
        DataError: If the quantile is not in [0, 1].
    """
    _require_share(quantile)
    value = float(np.quantile(nearest.astype(np.float64), quantile))
    return min(1.0, max(1e-4, round(value, 4)))


def _require_share(quantile: float) -> None:
    if not 0 <= quantile <= 1:
        raise DataError(f"a quantile of sigma must be a share in [0, 1], got {quantile}")


def build_index(
    text: NDArray[np.float32],
    molecule: NDArray[np.float32],
    sigmas: Sequence[float],
    *,
    similarity: Similarity = CLASS_SIMILARITY,
    m: int | None = None,
    quantiles: Sequence[float] = (),
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> DifficultyIndex:
    """Count every pair's look-alikes at every σ, exactly, and keep its nearest neighbours.

    A fast product screens the pairs, and float64 decides the pairs that the screen leaves open:
    s_ij reaches σ if it is at least σ − 1e-9.

    Args:
        text: (L, D_text) features of the training pairs.
        molecule: (L, D_molecule) features of the same pairs, or fingerprints under Tanimoto.
        sigmas: The thresholds; may be empty if quantiles are given.
        similarity: The similarity.
        m: The number of neighbours, 0 for none; by default 32, or L − 1 if that is less.
        quantiles: Fractions; the index also counts at these quantiles of the nearest-neighbour
            similarities, in a second pass, because the first pass computes these similarities.
        executor: Counts the tiles; by default this process counts them one after the other.
        progress: Called with the number of counted blocks and of all blocks; an executor does not
            call it.

    Raises:
        DataError: If no pair or no σ is given, m is not below L, or the features do not match or
            are not finite.
    """
    pairs = len(text)
    if pairs == 0 or not (len(sigmas) or len(quantiles)):
        raise DataError(
            f"an index needs a pair and a sigma, got {pairs} pairs, {len(sigmas)} sigmas"
        )
    kept = min(DEFAULT_NEIGHBOURS, pairs - 1) if m is None else m
    if not 0 <= kept < pairs:
        raise DataError(
            f"m must be below L, the number of pairs, and not negative, got {kept} for L = {pairs}"
        )
    if len(quantiles) and not kept:
        raise DataError(f"quantiles of sigma need m of at least 1, got 0 for L = {pairs}")
    for quantile in quantiles:
        _require_share(quantile)
    thresholds = np.unique(np.asarray(sigmas, dtype=np.float64))
    if not np.isfinite(thresholds).all():
        raise DataError(f"sigma must be a finite number, got {thresholds[-1]}")
    vectors = PairVectors.of(text, molecule, similarity)
    run = executor or _in_process(progress, passes=2 if len(quantiles) else 1)

    def run_pass(request: IndexRequest) -> Counted:
        return combine(pairs, request, run(vectors, tiles(pairs), request))

    if len(quantiles):
        neighbours, neighbour_similarity = decode(run_pass(IndexRequest(np.empty(0), kept)).nearest)
        at_quantiles = [sigma_at(neighbour_similarity[:, 0], quantile) for quantile in quantiles]
        thresholds = np.unique(np.concatenate([thresholds, at_quantiles]))
        counted = run_pass(IndexRequest(thresholds, 0))
    else:
        counted = run_pass(IndexRequest(thresholds, kept))
        neighbours, neighbour_similarity = decode(counted.nearest)
    mean = vectors.mean_inner()
    if vectors.tanimoto_weight:
        mean += vectors.tanimoto_weight * 2.0**-24 * counted.tanimoto / max(1, pairs - 1)
    return DifficultyIndex(thresholds, counted.counts, mean, neighbours, neighbour_similarity)


def _in_process(progress: Progress | None, passes: int) -> Executor:
    """Make the executor that counts the tiles of all passes in this process."""
    done = 0

    def run(vectors: PairVectors, work: Sequence[Tile], request: IndexRequest) -> Iterable[Partial]:
        total = passes * sum(blocks_of(tile, request.kept) for tile in work)

        def tick() -> None:
            nonlocal done
            done += 1
            if progress:
                progress(done, total)

        return (count_tile(vectors, tile, request, tick) for tile in work)

    return run

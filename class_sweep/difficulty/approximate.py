"""The index for millions of pairs: N_i(σ) and neighbours from an inverted file of clusters.

Each pair is compared with the pairs of the clusters nearest to it alone (faiss's IVFFlat), so N can
only fall short; what is found is decided as the exact index decides it. Time grows as L^1.5.

When to take over: on 2 cores (91 σ from 0.9, m = 32, 1,280 dimensions) 43,199 pairs took 26 s
exactly and 41 s so, with 99.95 % of N and 91 % of the neighbours found. From there, growing as L²
and L^1.5, 300,000 pairs take 21 and 13 minutes, a million 3.8 and 1.3 hours, ten million 16 days
and 40 hours. So up to some 300,000 pairs the exact index is the one to have, and further with more
machines, which share its tiles. Memory is 8·L·D bytes and more: 100 GB for ten million.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from class_sweep.difficulty.index import DifficultyIndex
from class_sweep.difficulty.levels import Levels
from class_sweep.difficulty.similarity import CLASS_SIMILARITY, Similarity
from class_sweep.difficulty.vectors import PairVectors
from class_sweep.errors import InputError

_QUERIES = 4096  # at a time
_CLUSTERS = 2  # for each √L
_FLOAT32 = 2e-6  # four times as far as a float32 product was seen to stray
_LEAST_TRAINING = 39  # pairs a cluster: faiss's own advice


def approximate_index(
    text: NDArray[np.float32],
    molecule: NDArray[np.float32],
    sigmas: Sequence[float],
    *,
    similarity: Similarity = CLASS_SIMILARITY,
    m: int = 32,
    probes: int = 16,
) -> DifficultyIndex:
    """Count look-alikes and keep neighbours, missing a few; the mean similarity is exact.

    Args:
        text: (L, D_text) features of the training pairs.
        molecule: (L, D_molecule) features of the same pairs.
        sigmas: The thresholds. The lower the lowest, the more is looked through.
        similarity: What to compare; of cosines only.
        m: Neighbours kept, below L.
        probes: Clusters that a pair is compared with; more find more and take longer.

    Raises:
        InputError: If faiss is not installed, the similarity is not of cosines, or m is not below
            L.
        DataError: If the features do not match or are not finite.
    """
    if similarity.molecule != "cosine":
        raise InputError(f"an approximate index is of cosines, got {similarity.molecule}")
    if not 0 <= m < len(text):
        raise InputError(f"m must be below L, the number of pairs, got {m} for L = {len(text)}")
    vectors = PairVectors.of(text, molecule, similarity)
    z = vectors.joined(range(len(text))).astype(np.float32)
    clusters = _clustered(z, probes)
    thresholds = np.unique(np.asarray(sigmas, dtype=np.float64))
    levels = Levels(thresholds)
    counts = np.zeros((len(z), len(thresholds)), dtype=np.uint32)
    neighbours = np.empty((len(z), m), dtype=np.int32)
    similarities = np.empty((len(z), m), dtype=np.float32)
    for start in range(0, len(z), _QUERIES):
        rows = np.arange(start, min(start + _QUERIES, len(z)))
        part = slice(start, start + len(rows))
        _count(clusters, vectors, z[part], rows, levels, counts)
        if m:
            neighbours[part], similarities[part] = _nearest(clusters, z, rows, m)
    counts = np.cumsum(counts[:, ::-1], axis=1, dtype=np.uint32)[:, ::-1]
    return DifficultyIndex(
        thresholds, np.ascontiguousarray(counts), vectors.mean_inner(), neighbours, similarities
    )


def recall(approximate: DifficultyIndex, exact: DifficultyIndex) -> NDArray[np.float64]:
    """(S,) the share of all look-alikes that was found at each σ; 1 where there are none."""
    found, there = (one.counts.sum(axis=0, dtype=np.float64) for one in (approximate, exact))
    share: NDArray[np.float64] = np.divide(found, there, out=np.ones_like(there), where=there > 0)
    return share


def _clustered(z: NDArray[np.float32], probes: int) -> Any:
    try:
        import faiss  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise InputError(
            "an approximate index needs the package faiss-cpu, got none installed"
        ) from error
    clusters = max(1, min(round(_CLUSTERS * len(z) ** 0.5), len(z) // _LEAST_TRAINING))
    layout = f"IVF{clusters},Flat"
    index: Any = faiss.index_factory(z.shape[1], layout, faiss.METRIC_INNER_PRODUCT)
    index.cp.seed = 1
    index.train(z)
    index.add(z)
    index.nprobe = min(probes, clusters)
    return index


def _count(
    clusters: Any,
    vectors: PairVectors,
    queries: NDArray[np.float32],
    rows: NDArray[np.int64],
    levels: Levels,
    counts: NDArray[np.uint32],
) -> None:
    """Add to (L, S) counts what the rows find, themselves left out."""
    limits, found, other = clusters.range_search(queries, float(levels.lowest) - _FLOAT32)
    row = np.repeat(rows, np.diff(limits.astype(np.int64)))
    elsewhere = row != other
    row, other, value = row[elsewhere], other[elsewhere], found[elsewhere].astype(np.float64)
    unsure = np.flatnonzero(levels.of(value - _FLOAT32) != levels.of(value + _FLOAT32))
    for start in range(0, len(unsure), _QUERIES):
        some = unsure[start : start + _QUERIES]
        value[some] = np.einsum("nd,nd->n", vectors.at(row[some]), vectors.at(other[some]))
    places, level = levels.reached(value)
    np.add.at(counts, (row[places], level - 1), np.uint32(1))


def _nearest(
    clusters: Any, z: NDArray[np.float32], rows: NDArray[np.int64], m: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """(n, m) neighbours of some rows and their similarities, most similar first."""
    similarity, other = clusters.search(z[rows], m + 1)
    short = np.flatnonzero(other[:, -1] < 0)  # their clusters hold too few pairs
    for k in short:
        every = z @ z[rows[k]]
        other[k] = np.lexsort((np.arange(len(z)), -every))[: m + 1]
        similarity[k] = every[other[k]]
    own = other == rows[:, None]
    own[~own.any(axis=1), -1] = True  # crowded out by duplicates: the last goes instead
    shape = (len(rows), m)
    return other[~own].reshape(shape).astype(np.int32), similarity[~own].reshape(shape)

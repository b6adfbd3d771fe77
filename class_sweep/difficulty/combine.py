"""Adds up the results of all tiles."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from class_sweep.difficulty.side import NO_NEIGHBOUR
from class_sweep.difficulty.tiles import IndexRequest, Partial

MAX_UINT16_PAIRS = 2**16  # the largest number of pairs whose counts fit in two bytes


@dataclass(frozen=True)
class Counted:
    """The sum of all tiles.

    Attributes:
        counts: (L, S) N_i(σ), uint16, or uint32 for more than 65,536 pairs.
        nearest: (L, m) uint64 neighbour keys; see `class_sweep.difficulty.side`.
        tanimoto: (L,) int64, Σ T_ij over j ≠ i in units of 2⁻²⁴.
    """

    counts: NDArray[np.unsignedinteger]
    nearest: NDArray[np.uint64]
    tanimoto: NDArray[np.int64]


def combine(pairs: int, request: IndexRequest, partials: Iterable[Partial]) -> Counted:
    """Add up the results of all tiles as they arrive, in any order.

    Args:
        pairs: L.
        request: The thresholds and the number of neighbours.
        partials: The results of `tiles(pairs)`.
    """
    dtype = np.uint16 if pairs <= MAX_UINT16_PAIRS else np.uint32
    counts: NDArray[np.unsignedinteger] = np.zeros((pairs, len(request.thresholds)), dtype=dtype)
    nearest = np.full((pairs, request.kept), NO_NEIGHBOUR)
    tanimoto = np.zeros(pairs, dtype=np.int64)
    for partial in partials:
        for side in partial:
            rows = slice(side.span.start, side.span.stop)
            if len(side.span) == pairs:
                # The only tile: avoid a second copy of the largest array.
                counts = np.require(side.counts, requirements="W")
            else:
                counts[rows] += side.counts
            candidates = np.concatenate([nearest[rows], side.nearest], axis=1)
            nearest[rows] = np.sort(candidates, axis=1)[:, : request.kept]
            tanimoto[rows] += side.tanimoto
    # From the number between two thresholds to the number from each threshold up.
    for start in range(0, pairs, 256):
        part = counts[start : start + 256]
        part[:] = np.cumsum(part[:, ::-1], axis=1, dtype=counts.dtype)[:, ::-1]
    return Counted(counts, nearest, tanimoto)

"""Adds up the results of all tiles."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from class_sweep.difficulty.side import NO_NEIGHBOUR
from class_sweep.difficulty.tiles import IndexRequest, Partial

SMALL = 2**16  # pairs whose counts fit in two bytes


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
        partials: One for each of `tiles(pairs)`.
    """
    dtype = np.uint16 if pairs <= SMALL else np.uint32
    counts: NDArray[np.unsignedinteger] = np.zeros((pairs, len(request.thresholds)), dtype=dtype)
    nearest = np.full((pairs, request.kept), NO_NEIGHBOUR)
    shared = np.zeros(pairs, dtype=np.int64)
    for partial in partials:
        for side in partial:
            here = slice(side.span.start, side.span.stop)
            if len(side.span) == pairs:
                # The only tile: avoid a second copy of the largest array.
                counts = np.require(side.counts, requirements="W")
            else:
                counts[here] += side.counts
            both = np.concatenate([nearest[here], side.nearest], axis=1)
            nearest[here] = np.sort(both, axis=1)[:, : request.kept]
            shared[here] += side.tanimoto
    for start in range(0, pairs, 256):
        part = counts[start : start + 256]
        part[:] = np.cumsum(part[:, ::-1], axis=1, dtype=counts.dtype)[:, ::-1]
    return Counted(counts, nearest, shared)

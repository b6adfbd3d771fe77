"""How the findings of all tiles add up."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from class_sweep.difficulty.side import NOBODY
from class_sweep.difficulty.tiles import Partial, Sought

SMALL = 2**16  # pairs whose counts fit two bytes


@dataclass(frozen=True)
class Counted:
    """The findings of all tiles.

    Attributes:
        counts: (L, S) N_i(σ), uint16, or uint32 where that cannot hold L.
        nearest: (L, m) uint64 keys, see `SidePartial`.
        tanimoto: (L,) int64, Σ T_ij over j ≠ i in units of 2⁻²⁴.
    """

    counts: NDArray[np.unsignedinteger]
    nearest: NDArray[np.uint64]
    tanimoto: NDArray[np.int64]


def combine(pairs: int, sought: Sought, partials: Iterable[Partial]) -> Counted:
    """Add up the partial results of all tiles, in any order and as they come.

    Args:
        pairs: L.
        sought: What the tiles were asked for.
        partials: One for each of `tiles(pairs)`.
    """
    dtype = np.uint16 if pairs <= SMALL else np.uint32
    counts: NDArray[np.unsignedinteger] = np.zeros((pairs, len(sought.thresholds)), dtype=dtype)
    nearest = np.full((pairs, sought.kept), NOBODY)
    shared = np.zeros(pairs, dtype=np.int64)
    for partial in partials:
        for side in partial:
            here = slice(side.span.start, side.span.stop)
            if len(side.span) == pairs:
                # The only tile: no second copy of what may be the largest array, if it is ours.
                counts = np.require(side.counts, requirements="W")
            else:
                counts[here] += side.counts
            both = np.concatenate([nearest[here], side.nearest], axis=1)
            nearest[here] = np.sort(both, axis=1)[:, : sought.kept]
            shared[here] += side.tanimoto
    for start in range(0, pairs, 256):
        part = counts[start : start + 256]
        part[:] = np.cumsum(part[:, ::-1], axis=1, dtype=counts.dtype)[:, ::-1]
    return Counted(counts, nearest, shared)

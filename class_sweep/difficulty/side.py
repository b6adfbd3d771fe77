"""The counts and the nearest neighbours of one side of a tile: its rows, or its columns.

Candidates for neighbours are 64-bit keys. The order of keys as integers is the order of
neighbours, so one plain sort ranks the candidates of all rows at once:

    bit 63          48 47                          16 15            0
        ┌─────────────┬──────────────────────────────┬──────────────┐
        │ row in tile │ rank of the similarity       │ other in     │   while a tile is counted
        │ 16 bits     │ 32 bits, ascending as the    │ tile 16 bits │
        │             │ similarity descends          │              │
        └─────────────┴──────────────────────────────┴──────────────┘

`Side.nearest` returns the keys row by row, so they need no bits for the row. They hold the number
of the other pair in the whole data set:

    bit 63                          32 31                           0
        ┌────────────────────────────┬──────────────────────────────┐
        │ rank of the similarity     │ number of the other pair     │   between tiles
        └────────────────────────────┴──────────────────────────────┘

The rank of a similarity is a float32 whose bits are turned into an unsigned integer of the opposite
order: a positive float becomes ~(bits | sign), a negative float becomes bits. Equal similarities
have equal ranks, so the lower pair number wins. `NO_NEIGHBOUR`, all bits set, sorts last.
"""

from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.difficulty.screen import Panel
from class_sweep.difficulty.threads import Workers
from class_sweep.difficulty.vectors import PairVectors

_BINS = 64  # the bins of a row's histogram, from its first floor up
_BIN_WIDTH = 2.0**-8
_ROUNDING = 2.0**-22  # more than the float32 rounding of a similarity, which must lose no neighbour
_CELLS = 2**15  # the cells of a block's histogram: 256 KiB, which fit in the processor cache
_GROUPS = 4  # groups of columns per requested neighbour

NO_NEIGHBOUR = np.uint64(2**64 - 1)
"""The key of a missing neighbour; it sorts last."""


class Side:
    """Counts and nearest neighbours of a span of n pairs within one tile.

    Args:
        vectors: The vectors of all pairs.
        span: The pairs.
        levels: S, the number of thresholds.
        kept: m, the number of neighbours.
        workers: The threads that round the vectors.

    Attributes:
        span: The pairs.
        panel: The vectors of the pairs.
        counts: (n, S) uint16, the number of similarities from each threshold up to the next.
        floor: (n,) float32, a lower bound on each pair's m-th largest similarity in the tile.
        tanimoto: (n,) int64, Σ T_ij over the tile in units of 2⁻²⁴.
    """

    def __init__(
        self, vectors: PairVectors, span: range, levels: int, kept: int, workers: Workers
    ) -> None:
        self.span = span
        self.panel = Panel.of(vectors, span, workers)
        self.counts = np.zeros((len(span), levels), dtype=np.uint16)
        self.floor = np.full(len(span), -np.inf if kept else np.inf, dtype=np.float32)
        self.tanimoto = np.zeros(len(span), dtype=np.int64)
        self._kept = kept
        self._first_floor = self.floor.copy()
        self._histogram = np.zeros((len(span), _BINS if kept else 0), dtype=np.uint16)
        self._floor_lock, self._count_lock = Lock(), Lock()
        self._keys: list[NDArray[np.uint64]] = []

    def start(
        self, part: slice, block: torch.Tensor, slack: NDArray[np.float32] | np.float32
    ) -> None:
        """Set the first floor of rows without one, from the (n_part, n_other) values of a block.

        The m-th largest of the maxima of disjoint groups is a lower bound of the m-th largest
        value, and much cheaper to compute. The error of a value is at most the slack of its row.
        """
        if not self._kept or self._first_floor[part].max() > -np.inf:
            return
        folds = max(1, block.shape[1] // (_GROUPS * self._kept))
        groups = block.shape[1] // folds
        if groups < self._kept:
            return
        maxima = block[:, : folds * groups].reshape(-1, folds, groups).amax(dim=1)
        floors = maxima.float().topk(self._kept, dim=1).values[:, -1].clamp_(-1, 1).cpu().numpy()
        with self._floor_lock:  # the first floor is fixed: it is the origin of the histogram
            if self._first_floor[part].max() == -np.inf:
                self._first_floor[part] = floors - slack - _ROUNDING
                self.floor[part] = self._first_floor[part]

    def add_bounds(self, i: NDArray[np.int64], at_least: NDArray[np.float32]) -> None:
        """Add lower bounds of similarities to the histograms of their rows: (c,) and (c,)."""
        if self._kept:
            above = (at_least - _ROUNDING - self._first_floor[i]) * np.float32(1 / _BIN_WIDTH)
            in_range = (above >= 0) & (above < np.inf)  # infinite without a first floor
            bins = np.minimum(above[in_range], _BINS - 1).astype(np.int64)
            np.add.at(self._histogram.reshape(-1), i[in_range] * _BINS + bins, np.uint16(1))

    def raise_floor(self, part: slice) -> None:
        """Raise the floors of rows to the highest bin edge that m similarities reach."""
        if self._kept:
            reach = np.cumsum(self._histogram[part, ::-1], axis=1, dtype=np.uint16)
            highest = np.count_nonzero(reach >= self._kept, axis=1) - 1
            self.floor[part] = self._first_floor[part] + np.float32(_BIN_WIDTH) * np.maximum(
                highest, 0
            )

    def count(self, i: NDArray[np.integer], level: NDArray[np.integer]) -> None:
        """Count one similarity per row i that reaches `level` thresholds: (c,) and (c,)."""
        flat = i * np.int64(self.counts.shape[1]) + (level - 1)
        with self._count_lock:
            np.add.at(self.counts.reshape(-1), flat, np.uint16(1))

    def count_all(self, part: slice, level: torch.Tensor, dim: int) -> None:
        """Count a block of similarities.

        Args:
            part: The rows, along dimension `dim` of the block.
            level: (a, b) int32, the number of thresholds that a similarity reaches, from 0 to S;
                S + 1 excludes the similarity.
            dim: 0 or 1.
        """
        pairs, bins = level.shape[dim], self.counts.shape[1] + 2
        if bins > level.shape[1 - dim]:  # a histogram would be larger than the block
            self._count_each(part, level, dim)
            return
        group = max(1, _CELLS // bins)
        for first in range(0, pairs, group):
            size = min(group, pairs - first)
            cells = level.narrow(dim, first, size) + _offsets(size, bins, dim, level.device)
            sums = torch.bincount(cells.reshape(-1), minlength=size * bins).reshape(size, bins)
            table = sums[:, 1:-1].to(torch.int16).cpu().numpy().view(np.uint16)
            with self._count_lock:
                self.counts[part.start + first : part.start + first + size] += table

    def _count_each(self, part: slice, level: torch.Tensor, dim: int) -> None:
        """Count a block entry by entry."""
        thresholds = self.counts.shape[1]
        cell = (level - 1).clamp_(0, thresholds - 1)
        counted = cell == level - 1  # a similarity below every threshold adds 0
        cell += _offsets(level.shape[dim], thresholds, dim, level.device)
        flat, ones = cell.reshape(-1).long().cpu().numpy(), counted.reshape(-1).cpu().numpy()
        with self._count_lock:
            np.add.at(self.counts[part].reshape(-1), flat, ones.astype(np.uint16))

    def add_neighbours(
        self, i: NDArray[np.int64], other: NDArray[np.int64], exact: NDArray[np.float64]
    ) -> None:
        """Add candidates: rows of this side, rows of the other side, similarities; (c,) each."""
        if not self._kept:
            return
        near = exact >= self.floor[i]
        keys = _rank(exact[near]) << np.uint64(16)
        keys |= i[near].astype(np.uint64) << np.uint64(48)
        keys |= other[near].astype(np.uint64)
        self._keys.append(keys)

    def nearest(self, others: range) -> NDArray[np.uint64]:
        """The keys of the nearest neighbours of each row, ascending: (n, m)."""
        keys = np.concatenate([*self._keys, np.array([NO_NEIGHBOUR])])
        self._keys = []
        keys.sort()
        first = np.arange(len(self.span), dtype=np.uint64) << np.uint64(48)
        starts = np.searchsorted(keys, first)
        ends = np.append(starts[1:], len(keys) - 1)
        positions = starts[:, None] + np.arange(self._kept)
        best = keys[np.minimum(positions, len(keys) - 1)]
        pair = (best & np.uint64(0xFFFF)) + np.uint64(others.start)
        similarity = best >> np.uint64(16) & np.uint64(0xFFFFFFFF)
        return np.where(positions < ends[:, None], similarity << np.uint64(32) | pair, NO_NEIGHBOUR)


def decode(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The pair numbers and similarities of the keys of `Side.nearest`."""
    pairs = (keys & np.uint64(0xFFFFFFFF)).astype(np.int32)
    rank = ~(keys >> np.uint64(32)).astype(np.uint32)
    sign = np.uint32(0x80000000)
    bits = np.where(rank & sign, rank & ~sign, ~rank)
    return pairs, bits.view(np.float32)


def _rank(similarity: NDArray[np.float64]) -> NDArray[np.uint64]:
    """The ranks of similarities: float32, rounded to 2⁻³⁰, as 32-bit integers of opposite order."""
    # The grid makes similarities equal that differ only by the order of summation.
    grid = np.rint(similarity * 2.0**30) * 2.0**-30 + 0.0  # + 0: no negative zero
    bits = grid.astype(np.float32).view(np.uint32)
    sign = np.uint32(0x80000000)
    return (~np.where(bits & sign, ~bits, bits | sign)).astype(np.uint64)


def _offsets(count: int, step: int, dim: int, device: torch.device) -> torch.Tensor:
    """0, step, 2·step, … along dimension 0 or 1 of a block."""
    offsets = torch.arange(0, count * step, step, dtype=torch.int32, device=device)
    return offsets.unsqueeze(1 - dim)

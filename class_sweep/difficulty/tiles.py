"""The index in independent pieces: tiles of the upper triangle of the similarity matrix.

`count_tile` is a pure function that may run anywhere and in any order; `combine` adds the results
up. An index is made of nothing else, so it is the same wherever its tiles ran.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from class_sweep.difficulty.layout import block_order, even_spans
from class_sweep.difficulty.side import Side
from class_sweep.difficulty.threads import Workers
from class_sweep.difficulty.vectors import PairVectors
from class_sweep.difficulty.work import Work

TILE = 16384  # pairs on a side, at most 65,536: keys of pairs hold two bytes for each side


@dataclass(frozen=True)
class Sought:
    """What an index is to hold.

    Attributes:
        thresholds: (S,) float64, ascending; S may be 0.
        kept: m, how many nearest neighbours of each pair, 0 for none.
    """

    thresholds: NDArray[np.float64]
    kept: int


@dataclass(frozen=True)
class Tile:
    """A rectangle of the upper triangle; on the diagonal rows and columns are the same pairs."""

    rows: range
    columns: range


@dataclass(frozen=True)
class SidePartial:
    """What a tile found for n pairs: n·(2·S + 8·m + 8) bytes.

    Attributes:
        span: The pairs.
        counts: (n, S) uint16, similarities between each threshold and the next.
        nearest: (n, m) uint64 keys that ascend with falling similarity, then rising pair number.
        tanimoto: (n,) int64, Σ T_ij over the tile's j ≠ i in units of 2⁻²⁴: whole numbers add up
            to the same in any order.
    """

    span: range
    counts: NDArray[np.uint16]
    nearest: NDArray[np.uint64]
    tanimoto: NDArray[np.int64]


Partial = list[SidePartial]
"""A tile's result: one side for a tile on the diagonal, else the rows' and the columns'."""


def tiles(pairs: int) -> list[Tile]:
    """Equal tiles that cover every two pairs once."""
    spans = even_spans(pairs, TILE)
    return [Tile(rows, columns) for k, rows in enumerate(spans) for columns in spans[k:]]


def blocks_of(tile: Tile, kept: int) -> int:
    """How many times `count_tile` calls `tick`."""
    return sum(1 for _ in block_order(tile.rows, tile.columns, kept))


def count_tile(
    vectors: PairVectors, tile: Tile, sought: Sought, tick: Callable[[], None] = lambda: None
) -> Partial:
    """Count and rank the pairs of one tile.

    Args:
        vectors: Of all pairs.
        tile: Which similarities.
        sought: Thresholds and neighbours.
        tick: Called after each block.
    """
    levels, square = len(sought.thresholds), tile.rows == tile.columns
    with Workers() as workers:
        rows = Side(vectors, tile.rows, levels, sought.kept, workers)
        columns = rows if square else Side(vectors, tile.columns, levels, sought.kept, workers)
        work = Work(rows, columns, sought.thresholds, workers)
        order = block_order(tile.rows, tile.columns, sought.kept)
        for found in workers.map(work.screen, order):
            work.take(found)
            tick()
        work.decide()
    sides = [(rows, tile.columns)] if square else [(rows, tile.columns), (columns, tile.rows)]
    return [SidePartial(s.span, s.counts, s.nearest(o), s.tanimoto) for s, o in sides]

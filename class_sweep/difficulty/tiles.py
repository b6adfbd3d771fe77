"""Tiles: independent parts of the upper triangle of the similarity matrix.

`count_tile` is a pure function that can run on any machine and in any order; `combine` adds up the
results. The index therefore does not depend on where its tiles are counted.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from class_sweep.difficulty.layout import block_order, even_spans
from class_sweep.difficulty.side import Side
from class_sweep.difficulty.threads import Workers
from class_sweep.difficulty.tile_counter import TileCounter
from class_sweep.difficulty.vectors import PairVectors

TILE = 16384  # rows and columns; at most 65,536, because a key has 16 bits for each side


@dataclass(frozen=True)
class IndexRequest:
    """The thresholds and the number of neighbours of an index.

    Attributes:
        thresholds: (S,) float64, ascending; S may be 0.
        kept: m, the number of nearest neighbours of each pair; 0 for none.
    """

    thresholds: NDArray[np.float64]
    kept: int


@dataclass(frozen=True)
class Tile:
    """A rectangle of the upper triangle. A diagonal tile has the same rows and columns."""

    rows: range
    columns: range


@dataclass(frozen=True)
class SidePartial:
    """The result of a tile for n pairs: n·(2·S + 8·m + 8) bytes.

    Attributes:
        span: The pairs.
        counts: (n, S) uint16, the number of similarities from each threshold up to the next.
        nearest: (n, m) uint64 neighbour keys, ascending; see `class_sweep.difficulty.side`.
        tanimoto: (n,) int64, Σ T_ij over the tile's j ≠ i in units of 2⁻²⁴, so that the sum is
            exact in any order.
    """

    span: range
    counts: NDArray[np.uint16]
    nearest: NDArray[np.uint64]
    tanimoto: NDArray[np.int64]


Partial = list[SidePartial]
"""The result of a tile: the rows and the columns, or one side for a diagonal tile."""


def tiles(pairs: int) -> list[Tile]:
    """Equal tiles that cover each combination of two pairs once."""
    spans = even_spans(pairs, TILE)
    return [Tile(rows, columns) for k, rows in enumerate(spans) for columns in spans[k:]]


def blocks_of(tile: Tile, kept: int) -> int:
    """The number of calls of `tick` in `count_tile`."""
    return sum(1 for _ in block_order(tile.rows, tile.columns, kept))


def count_tile(
    vectors: PairVectors, tile: Tile, request: IndexRequest, tick: Callable[[], None] = lambda: None
) -> Partial:
    """Count and rank the similarities of one tile.

    Args:
        vectors: The vectors of all pairs.
        tile: The tile.
        request: The thresholds and the number of neighbours.
        tick: Called after each block.
    """
    levels, square = len(request.thresholds), tile.rows == tile.columns
    with Workers() as workers:
        rows = Side(vectors, tile.rows, levels, request.kept, workers)
        columns = rows if square else Side(vectors, tile.columns, levels, request.kept, workers)
        counter = TileCounter(rows, columns, request.thresholds, workers)
        order = block_order(tile.rows, tile.columns, request.kept)
        for screened in workers.map(counter.screen, order):
            counter.add(screened)
            tick()
        counter.decide()
    sides = [(rows, tile.columns)] if square else [(rows, tile.columns), (columns, tile.rows)]
    return [
        SidePartial(side.span, side.counts, side.nearest(others), side.tanimoto)
        for side, others in sides
    ]

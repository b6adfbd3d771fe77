"""Counts one tile: a screen leaves few pairs open, and float64 decides them.

An open pair is one 64-bit key. A plain sort of the keys orders the pairs by row and column:

    bit 32        17 16           1 0
        ┌───────────┬──────────────┬─┐
        │ row       │ column       │c│   c = 1: already counted, open as a neighbour only
        └───────────┴──────────────┴─┘
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.difficulty.block_comparison import count, reaching, true_positions
from class_sweep.difficulty.levels import Levels, LevelTable
from class_sweep.difficulty.screen import (
    ExactRows,
    approximate,
    exact_pairs,
    float32_slack,
    in_float32,
)
from class_sweep.difficulty.side import Side
from class_sweep.difficulty.similarity import THRESHOLD_TOLERANCE
from class_sweep.difficulty.threads import Workers

_Slack = NDArray[np.float32] | np.float32
_BOUND_ROUNDING = 2.0**-20  # more than the rounding of similarity ± slack in float32

DENSE = 1 / 32  # the fraction of open pairs above which counting the whole block is cheaper
STRIP = 256  # rows of a block per lookup: 1 MiB of float32
PENDING = 2**21  # the number of open pairs, of 16 bytes each, above which float64 decides them
PANEL = 4096  # columns in float64 at a time
_PART = 1024  # rows in float64 at a time


@dataclass(frozen=True)
class Screened:
    """The open pairs of a screened block.

    Attributes:
        i: The rows of the block within the tile.
        j: The columns of the block within the tile.
        flat: (c,) the flat positions of the open pairs in the block.
        at_least: (c,) float32, lower bounds of their similarities.
        at_most: (c,) float32, upper bounds of their similarities.
        counted: (c,), or one value for all pairs: whether a pair is already counted, and open only
            as a neighbour.
        tanimoto: (n_i, n_j) T_ij under Tanimoto, else None.
    """

    i: slice
    j: slice
    flat: NDArray[np.int64]
    at_least: NDArray[np.float32]
    at_most: NDArray[np.float32]
    counted: NDArray[np.bool_] | bool
    tanimoto: torch.Tensor | None


class TileCounter:
    """Screens the blocks of one tile and decides their open pairs.

    Args:
        rows: The rows of the tile.
        columns: The columns of the tile; the same object in a diagonal tile.
        thresholds: (S,) float64, ascending.
        workers: The threads.
    """

    def __init__(
        self, rows: Side, columns: Side, thresholds: NDArray[np.float64], workers: Workers
    ) -> None:
        self._rows, self._columns, self._workers = rows, columns, workers
        self._levels = Levels(thresholds)
        self._lowest = np.float32(thresholds.min(initial=np.inf) - 2 * THRESHOLD_TOLERANCE)
        self._device = rows.panel.z.device
        self._float32_slack = float32_slack(rows.panel.vectors.dimensions)
        self._table = (
            LevelTable(self._levels, self._float32_slack, self._device) if len(thresholds) else None
        )
        self._was_dense = False  # after a dense block the next block is probably dense, too
        self._keys: list[NDArray[np.int64]] = []
        self._at_most: list[NDArray[np.float32]] = []
        self._pending = 0

    def screen(self, rows_and_columns: tuple[slice, slice]) -> Screened:
        """Screen one block, or count all pairs of a dense block.

        Several threads may screen blocks at the same time. If a floor rises meanwhile, the result
        has only more open pairs than necessary.
        """
        i, j = rows_and_columns
        if self._was_dense and self._table:
            return self._count_all(i, j, self._table)
        rows, columns = self._rows, self._columns
        block, tanimoto = approximate(rows.panel, columns.panel, i, j)
        slack_i, slack_j = rows.panel.slack[i], columns.panel.slack[j]
        self._start(block, i, j, slack_i + slack_j.max(), slack_j + slack_i.max())
        mask = self._open(block, i, j, slack_i + slack_j.max(), slack_j + slack_i.max())
        if self._table and self._is_dense(mask, block, slack_i.max() + slack_j.max()):
            return self._count_all(i, j, self._table)
        flat, value = _open_entries(mask, block)
        a, b = np.divmod(flat, j.stop - j.start)
        slack = slack_i[a] + slack_j[b]
        return Screened(i, j, flat, value - slack, value + slack, False, tanimoto)

    def _count_all(self, i: slice, j: slice, table: LevelTable) -> Screened:
        """Count all pairs of a block by a float32 product; undecided pairs stay open."""
        rows, columns = self._rows, self._columns
        exact_rows, exact_columns = rows.panel.exact_rows(i), columns.panel.exact_rows(j)
        block, tanimoto = in_float32(exact_rows, exact_columns, self._device)
        slack = np.float32(self._float32_slack + _BOUND_ROUNDING)
        self._start(block, i, j, slack, slack)
        if rows is columns and i == j:
            block[torch.ones_like(block, dtype=torch.bool).tril_()] = -torch.inf
        level = torch.empty(block.shape, dtype=torch.int32, device=self._device)
        for top in range(0, len(block), STRIP):
            level[top : top + STRIP] = table.look_up(block[top : top + STRIP])
        rows.count_all(i, level, 0)
        columns.count_all(j, level, 1)
        self._was_dense = level.count_nonzero().item() > DENSE * level.numel()
        undecided = level == table.undecided
        mask = undecided | self._open(block, i, j, slack, slack, threshold=np.float32(np.inf))
        flat, value = _open_entries(mask, block)
        counted = ~undecided.reshape(-1).cpu().numpy()[flat]
        return Screened(i, j, flat, value - slack, value + slack, counted, tanimoto)

    def add(self, screened: Screened) -> None:
        """Add the result of one block. Only one thread may call this."""
        rows, columns, i, j = self._rows, self._columns, screened.i, screened.j
        width = j.stop - j.start
        if screened.tanimoto is not None:
            self._add_tanimoto(screened.tanimoto, i, j)
        a, b = np.divmod(screened.flat, width)
        a, b = a + i.start, b + j.start
        rows.add_bounds(a, screened.at_least)
        columns.add_bounds(b, screened.at_least)
        rows.raise_floor(i)
        if rows is not columns:  # a diagonal tile has one side
            columns.raise_floor(j)
        self._keys.append(a << 17 | b << 1 | screened.counted)
        self._at_most.append(screened.at_most)
        self._pending += len(a)
        if self._pending > PENDING:
            self.decide()

    def decide(self) -> None:
        """Decide the pending pairs that are still open, in float64."""
        if not self._pending:
            return
        rows, columns = self._rows, self._columns
        keys = np.concatenate(list(map(self._still_open, self._keys, self._at_most)))
        self._keys, self._at_most, self._pending = [], [], 0
        if not len(keys):
            return
        keys.sort()
        a, b = keys >> 17, keys >> 1 & 0xFFFF
        exact = self._exact(a, b)
        uncounted = np.flatnonzero(keys & 1 == 0)
        positions, level = self._levels.reached(exact[uncounted])
        rows.count(a[uncounted[positions]], level)
        columns.count(b[uncounted[positions]], level)
        rows.add_neighbours(a, b, exact)
        columns.add_neighbours(b, a, exact)

    def _start(
        self, block: torch.Tensor, i: slice, j: slice, slack_i: _Slack, slack_j: _Slack
    ) -> None:
        """Set the first floors of the rows and the columns of a block."""
        diagonal = self._rows is self._columns and i == j
        if diagonal:
            block.fill_diagonal_(-torch.inf)
        self._rows.start(i, block, slack_i)
        if not diagonal:
            self._columns.start(j, block.T, slack_j)

    def _open(
        self,
        block: torch.Tensor,
        i: slice,
        j: slice,
        slack_i: _Slack,
        slack_j: _Slack,
        threshold: np.float32 | None = None,
    ) -> torch.Tensor:
        """Mark the pairs of a block that may reach a floor or the lowest threshold.

        Args:
            block: (a, b) similarities.
            i: The rows of the block within the tile.
            j: The columns of the block within the tile.
            slack_i: The largest error of each row.
            slack_j: The largest error of each column.
            threshold: Replaces the lowest threshold; infinity leaves the floors alone.
        """
        rows, columns = self._rows, self._columns
        lowest = self._lowest if threshold is None else threshold
        from_i = np.minimum(rows.floor[i], lowest) - slack_i
        from_j = np.minimum(columns.floor[j], lowest) - slack_j
        mask = reaching(block, from_i, from_j)
        if rows is columns and i == j:
            mask.triu_(1)
        return mask

    def _is_dense(self, mask: torch.Tensor, block: torch.Tensor, slack: np.float32) -> bool:
        """Whether the block has so many candidates that counting the whole block is cheaper."""
        limit = DENSE * mask.numel()
        if count(mask) <= limit:
            return False
        return (block >= float(self._lowest - slack)).count_nonzero().item() > limit

    def _still_open(
        self, keys: NDArray[np.int64], at_most: NDArray[np.float32]
    ) -> NDArray[np.int64]:
        """The keys of the pairs that the current floors leave open."""
        a, b = keys >> 17, keys >> 1 & 0xFFFF
        floor = np.minimum(self._rows.floor[a], self._columns.floor[b])
        bound = np.where(keys & 1, floor, np.minimum(floor, self._lowest))
        still_open: NDArray[np.int64] = keys[at_most >= bound]
        return still_open

    def _exact(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
        """The similarities of pairs (a, b), which are sorted by row and then by column: (c,)."""
        rows, columns = self._rows, self._columns
        exact = np.empty(len(a))
        row_starts = range(0, len(rows.span), _PART)
        for first_column in range(0, len(columns.span), PANEL):
            panel = columns.panel.exact_rows(slice(first_column, first_column + PANEL))
            in_panel = np.flatnonzero((b >= first_column) & (b < first_column + PANEL))
            ends = np.searchsorted(a[in_panel], [*row_starts, len(rows.span)])
            parts = [
                (first_row, in_panel[slice(*ends[k : k + 2])])
                for k, first_row in enumerate(row_starts)
                if ends[k] < ends[k + 1]
            ]
            compute = partial(self._exact_part, a, b, panel, first_column)
            for (_, pairs), values in zip(parts, self._workers.map(compute, parts), strict=True):
                exact[pairs] = values
        return exact

    def _exact_part(
        self,
        a: NDArray[np.int64],
        b: NDArray[np.int64],
        panel: ExactRows,
        first_column: int,
        part: tuple[int, NDArray[np.int64]],
    ) -> NDArray[np.float64]:
        """The similarities of the pairs in one part of the rows and one panel of columns."""
        first_row, pairs = part
        rows = self._rows.panel.exact_rows(slice(first_row, first_row + _PART))
        return exact_pairs(rows, panel, a[pairs] - first_row, b[pairs] - first_column)

    def _add_tanimoto(self, tanimoto: torch.Tensor, i: slice, j: slice) -> None:
        """Add the T_ij of a block to the sums of its rows and of its columns."""
        units = (tanimoto * 2.0**24).to(torch.int32)
        if self._rows is self._columns and i == j:
            units.fill_diagonal_(0)
        else:
            self._columns.tanimoto[j] += units.sum(dim=0, dtype=torch.int64).cpu().numpy()
        self._rows.tanimoto[i] += units.sum(dim=1, dtype=torch.int64).cpu().numpy()


def _open_entries(
    mask: torch.Tensor, block: torch.Tensor
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The flat positions of the true entries of a mask, and the similarities of the block there."""
    flat = true_positions(mask)
    value = block.reshape(-1)[torch.from_numpy(flat).to(block.device)]
    return flat, value.float().clamp_(-1, 1).cpu().numpy()

"""The work of one tile: a screen leaves few similarities open, and float64 decides these.

An open pair is one 64-bit key, so that a plain sort orders the pairs for float64 by row and column:

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
    Wide,
    approximate,
    exact_pairs,
    float32_slack,
    in_float32,
)
from class_sweep.difficulty.side import Side
from class_sweep.difficulty.similarity import THRESHOLD_TOLERANCE
from class_sweep.difficulty.threads import Workers

_Slack = NDArray[np.float32] | np.float32
_TO_FLOAT32 = 2.0**-20  # more than the rounding of similarity ± slack in float32

DENSE = 1 / 32  # fraction of open pairs from which it is cheaper to count the whole block
STRIP = 256  # rows of a block per lookup: 1 MiB of float32
PENDING = 2**21  # open pairs of 16 bytes after which float64 decides them
PANEL = 4096  # columns in float64 at a time, and
_PART = 1024  # rows


@dataclass(frozen=True)
class Screened:
    """The open pairs of a screened block.

    Attributes:
        i: The rows of the block within the tile.
        j: The columns of the block within the tile.
        flat: (c,) the flat positions of the open pairs in the block.
        at_least: (c,) float32, lower bounds of their similarities.
        at_most: (c,) float32, upper bounds of their similarities.
        counted: (c,), or one value for all: whether a pair is open as a neighbour only.
        tanimoto: (n_i, n_j) T_ij under Tanimoto, else None.
    """

    i: slice
    j: slice
    flat: NDArray[np.int64]
    at_least: NDArray[np.float32]
    at_most: NDArray[np.float32]
    counted: NDArray[np.bool_] | bool
    tanimoto: torch.Tensor | None


class Work:
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
        self._slack32 = float32_slack(rows.panel.vectors.dimensions)
        self._table = (
            LevelTable(self._levels, self._slack32, self._device) if len(thresholds) else None
        )
        self._crowded = False  # whether the last block was dense: the next one probably is, too
        self._keys: list[NDArray[np.int64]] = []
        self._values: list[NDArray[np.float32]] = []
        self._size = 0

    def screen(self, place: tuple[slice, slice]) -> Screened:
        """Screen one block; count all of a dense block at once.

        Several blocks may be screened at the same time: a floor that rises meanwhile would only
        close more pairs.
        """
        i, j = place
        if self._crowded and self._table:
            return self._count_all(i, j, self._table)
        rows, columns = self._rows, self._columns
        block, tanimoto = approximate(rows.panel, columns.panel, i, j)
        slack_i, slack_j = rows.panel.slack[i], columns.panel.slack[j]
        self._start(block, i, j, slack_i + slack_j.max(), slack_j + slack_i.max())
        mask = self._open(block, i, j, slack_i + slack_j.max(), slack_j + slack_i.max())
        if self._table and self._is_dense(mask, block, slack_i.max() + slack_j.max()):
            return self._count_all(i, j, self._table)
        flat, value = _chosen(mask, block)
        a, b = np.divmod(flat, j.stop - j.start)
        slack = slack_i[a] + slack_j[b]
        return Screened(i, j, flat, value - slack, value + slack, False, tanimoto)

    def _count_all(self, i: slice, j: slice, table: LevelTable) -> Screened:
        """Count a block by its float32 product; the undecided pairs stay open."""
        rows, columns = self._rows, self._columns
        wide = rows.panel.wide(i), columns.panel.wide(j)
        block, tanimoto = in_float32(*wide, self._device)
        slack = np.float32(self._slack32 + _TO_FLOAT32)
        self._start(block, i, j, slack, slack)
        if rows is columns and i == j:
            block[torch.ones_like(block, dtype=torch.bool).tril_()] = -torch.inf
        level = torch.empty(block.shape, dtype=torch.int32, device=self._device)
        for top in range(0, len(block), STRIP):
            level[top : top + STRIP] = table.of(block[top : top + STRIP])
        rows.count_all(i, level, 0)
        columns.count_all(j, level, 1)
        self._crowded = level.count_nonzero().item() > DENSE * level.numel()
        undecided = level == table.undecided
        mask = undecided | self._open(block, i, j, slack, slack, among=np.float32(np.inf))
        flat, value = _chosen(mask, block)
        counted = ~undecided.reshape(-1).cpu().numpy()[flat]
        return Screened(i, j, flat, value - slack, value + slack, counted, tanimoto)

    def take(self, found: Screened) -> None:
        """Add the result of one block; only one call at a time."""
        rows, columns, i, j = self._rows, self._columns, found.i, found.j
        width = j.stop - j.start
        if found.tanimoto is not None:
            self._add_tanimoto(found.tanimoto, i, j)
        a, b = np.divmod(found.flat, width)
        a, b = a + i.start, b + j.start
        rows.add_bounds(a, found.at_least)
        columns.add_bounds(b, found.at_least)
        rows.raise_floor(i)
        if rows is not columns:  # a diagonal tile has one side
            columns.raise_floor(j)
        self._keys.append(a << 17 | b << 1 | found.counted)
        self._values.append(found.at_most)
        self._size += len(a)
        if self._size > PENDING:
            self.decide()

    def decide(self) -> None:
        """Decide in float64 the pairs that the current floors leave open."""
        if not self._size:
            return
        rows, columns = self._rows, self._columns
        keys = np.concatenate(list(map(self._still_open, self._keys, self._values)))
        self._keys, self._values, self._size = [], [], 0
        if not len(keys):
            return
        keys.sort()
        a, b = keys >> 17, keys >> 1 & 0xFFFF
        exact = self._exact(a, b)
        uncounted = np.flatnonzero(keys & 1 == 0)
        places, level = self._levels.reached(exact[uncounted])
        rows.count(a[uncounted[places]], level)
        columns.count(b[uncounted[places]], level)
        rows.add_neighbours(a, b, exact)
        columns.add_neighbours(b, a, exact)

    def _start(
        self, block: torch.Tensor, i: slice, j: slice, slack_i: _Slack, slack_j: _Slack
    ) -> None:
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
        among: np.float32 | None = None,
    ) -> torch.Tensor:
        """The pairs of a block that may reach a floor or the lowest threshold.

        The slacks hold for a whole row and a whole column; `among` replaces the lowest threshold.
        """
        rows, columns = self._rows, self._columns
        lowest = self._lowest if among is None else among
        from_i = np.minimum(rows.floor[i], lowest) - slack_i
        from_j = np.minimum(columns.floor[j], lowest) - slack_j
        mask = reaching(block, from_i, from_j)
        if rows is columns and i == j:
            mask.triu_(1)
        return mask

    def _is_dense(self, mask: torch.Tensor, block: torch.Tensor, slack: np.float32) -> bool:
        """Whether the block has so many candidates that counting the whole block is cheaper."""
        most = DENSE * mask.numel()
        if count(mask) <= most:
            return False
        return (block >= float(self._lowest - slack)).count_nonzero().item() > most

    def _still_open(
        self, keys: NDArray[np.int64], at_most: NDArray[np.float32]
    ) -> NDArray[np.int64]:
        a, b = keys >> 17, keys >> 1 & 0xFFFF
        wanted = np.minimum(self._rows.floor[a], self._columns.floor[b])
        wanted = np.where(keys & 1, wanted, np.minimum(wanted, self._lowest))
        still: NDArray[np.int64] = keys[at_most >= wanted]
        return still

    def _exact(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
        """The similarities of pairs, sorted by row and then by column: (c,)."""
        rows, columns = self._rows, self._columns
        exact = np.empty(len(a))
        for across in range(0, len(columns.span), PANEL):
            wide = columns.panel.wide(slice(across, across + PANEL))
            here = np.flatnonzero((b >= across) & (b < across + PANEL))
            downs = range(0, len(rows.span), _PART)
            ends = np.searchsorted(a[here], [*downs, len(rows.span)])
            parts = [
                (down, here[slice(*ends[k : k + 2])])
                for k, down in enumerate(downs)
                if ends[k] < ends[k + 1]
            ]
            found = self._workers.map(partial(self._exact_part, a, b, wide, across), parts)
            for (_, some), values in zip(parts, found, strict=True):
                exact[some] = values
        return exact

    def _exact_part(
        self,
        a: NDArray[np.int64],
        b: NDArray[np.int64],
        wide: Wide,
        across: int,
        part: tuple[int, NDArray[np.int64]],
    ) -> NDArray[np.float64]:
        """The similarities of a part of the rows with the columns from `across` on."""
        down, some = part
        rows = self._rows.panel.wide(slice(down, down + _PART))
        return exact_pairs(rows, wide, a[some] - down, b[some] - across)

    def _add_tanimoto(self, shared: torch.Tensor, i: slice, j: slice) -> None:
        units = (shared * 2.0**24).to(torch.int32)
        if self._rows is self._columns and i == j:
            units.fill_diagonal_(0)
        else:
            self._columns.tanimoto[j] += units.sum(dim=0, dtype=torch.int64).cpu().numpy()
        self._rows.tanimoto[i] += units.sum(dim=1, dtype=torch.int64).cpu().numpy()


def _chosen(
    mask: torch.Tensor, block: torch.Tensor
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The flat positions of a mask and the similarities of the block there."""
    flat = true_positions(mask)
    value = block.reshape(-1)[torch.from_numpy(flat).to(block.device)]
    return flat, value.float().clamp_(-1, 1).cpu().numpy()

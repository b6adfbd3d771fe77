"""What happens to the pairs of a tile: a screen leaves few of them open, float64 decides those."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.difficulty.compare import count, places, reaching
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
_TO_FLOAT32 = 2.0**-20  # more than taking a float32 slack from or to a similarity rounds away

DENSE = 1 / 32  # share of a block from which counting all of it is cheaper than each open pair
STRIP = 256  # rows of a block that are looked up at once: 1 MiB of float32
PENDING = 2**21  # open pairs held at most, of 16 bytes each, apart from one block's
PANEL = 4096  # columns in float64 at a time, and
_PART = 1024  # rows


@dataclass(frozen=True)
class Screened:
    """What the screen found in the block of rows i and columns j.

    Attributes:
        i: The block's rows, counted within the tile.
        j: Its columns.
        flat: (c,) places in the block of pairs still open.
        at_least: (c,) float32, what their similarities are not below.
        at_most: (c,) float32, what they are not above.
        counted: (c,), or one for all: whether a pair is open as a neighbour only.
        tanimoto: (n_i, n_j) T_ij, where the similarity has them.
    """

    i: slice
    j: slice
    flat: NDArray[np.int64]
    at_least: NDArray[np.float32]
    at_most: NDArray[np.float32]
    counted: NDArray[np.bool_] | bool
    tanimoto: torch.Tensor | None


class Work:
    """The pairs of one tile that the screen has let through and float64 has not yet decided.

    Args:
        rows: The tile's rows.
        columns: Its columns; the same object on the diagonal.
        thresholds: (S,) float64, ascending.
        workers: For what can be shared among cores.
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
        self._crowded = False  # whether the last block was: the next one is likely to be
        self._keys: list[NDArray[np.int64]] = []
        self._values: list[NDArray[np.float32]] = []
        self._size = 0

    def screen(self, place: tuple[slice, slice]) -> Screened:
        """Screen one block; where many of its pairs reach a threshold, count them all at once.

        It may run beside others: floors that rise meanwhile would only have left less open.
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
        """Count a block by its product in float32, and by float64 what that cannot decide."""
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
        """Add up what one block gave; not to be run beside itself."""
        rows, columns, i, j = self._rows, self._columns, found.i, found.j
        width = j.stop - j.start
        if found.tanimoto is not None:
            self._add_tanimoto(found.tanimoto, i, j)
        a, b = np.divmod(found.flat, width)
        a, b = a + i.start, b + j.start
        rows.see(a, found.at_least)
        columns.see(b, found.at_least)
        rows.raise_floor(i)
        if rows is not columns:  # else its turn as rows comes
            columns.raise_floor(j)
        # Sorts by row, then by column; the last bit says that only neighbours are still sought.
        self._keys.append(a << 17 | b << 1 | found.counted)
        self._values.append(found.at_most)
        self._size += len(a)
        if self._size > PENDING:
            self.decide()

    def decide(self) -> None:
        """Count and offer in float64 the pairs that the floors of now still leave open."""
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
        rows.offer(a, b, exact)
        columns.offer(b, a, exact)

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
        """Which pairs of a block may reach a floor or a threshold; `among` stands for the lowest.

        The slacks are those of a whole row, and of a whole column.
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
        """Whether so many pairs may reach a threshold that all are better counted at once."""
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
        """(c,) similarities of pairs sorted by row and then by column."""
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
        """Those of a part of the rows against the columns from `across` on."""
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
    """The flat places of a mask, and the block's values there, as similarities."""
    flat = places(mask)
    value = block.reshape(-1)[torch.from_numpy(flat).to(block.device)]
    return flat, value.float().clamp_(-1, 1).cpu().numpy()

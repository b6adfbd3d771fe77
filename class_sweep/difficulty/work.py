"""What happens to the pairs of a tile: a screen leaves few of them open, float64 decides those."""

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.difficulty.levels import Levels
from class_sweep.difficulty.screen import approximate, exact_block, exact_pairs
from class_sweep.difficulty.side import Side
from class_sweep.difficulty.similarity import THRESHOLD_TOLERANCE

DENSE = 1 / 32  # share of a block from which deciding all of it at once is cheaper than each pair
PENDING = 2**22  # open pairs held at most, of 12 bytes each, apart from one block's


class Work:
    """The pairs of one tile that the screen has let through and float64 has not yet decided.

    Args:
        rows: The tile's rows.
        columns: Its columns; the same object on the diagonal.
        thresholds: (S,) float64, ascending.
    """

    def __init__(self, rows: Side, columns: Side, thresholds: NDArray[np.float64]) -> None:
        self._rows, self._columns = rows, columns
        self._levels = Levels(thresholds)
        self._lowest = np.float32(thresholds.min(initial=np.inf) - 2 * THRESHOLD_TOLERANCE)
        self._keys: list[NDArray[np.int64]] = []
        self._values: list[NDArray[np.float32]] = []
        self._size = 0

    def block(self, i: slice, j: slice, *, diagonal: bool) -> None:
        """Screen one block; where too much is left open, count it in float64 at once."""
        rows, columns = self._rows, self._columns
        block, shared = approximate(rows.panel, columns.panel, i, j)
        if shared is not None:
            self._add_tanimoto(shared, i, j, diagonal)
        if diagonal:
            block.fill_diagonal_(-torch.inf)
        slack_i, slack_j = rows.panel.slack[i].max(), columns.panel.slack[j].max()
        rows.start(i, block, slack_j)
        if not diagonal:
            columns.start(j, block.T, slack_i)
        flat, value = self._open(block, i, j, diagonal, self._lowest)
        counted = (
            np.count_nonzero(value >= self._lowest - slack_i - slack_j) > DENSE * block.numel()
        )
        if counted:
            self._count_all(i, j, diagonal)
            flat, value = self._open(block, i, j, diagonal, np.float32(np.inf))
        a, b = np.divmod(flat, block.shape[1])
        a, b = a + i.start, b + j.start
        at_least = value - rows.panel.slack[a] - columns.panel.slack[b]
        rows.see(a, at_least)
        columns.see(b, at_least)
        rows.raise_floor(i)
        columns.raise_floor(j)
        self._keys.append(a << 17 | b << 1 | counted)  # sorts by row, then by column
        self._values.append(value)
        self._size += len(flat)
        if self._size > PENDING:
            self.decide()

    def decide(self) -> None:
        """Count and offer in float64 the pairs that the floors of now still leave open."""
        if not self._size:
            return
        rows, columns = self._rows, self._columns
        keys = np.concatenate(list(map(self._still_open, self._keys, self._values)))
        self._keys, self._values, self._size = [], [], 0
        keys.sort()
        a, b = keys >> 17, keys >> 1 & 0xFFFF
        exact = exact_pairs(rows.panel, columns.panel, a, b)
        uncounted = np.flatnonzero(keys & 1 == 0)
        places, level = self._levels.reached(exact[uncounted])
        rows.count(a[uncounted[places]], level)
        columns.count(b[uncounted[places]], level)
        rows.offer(a, b, exact)
        columns.offer(b, a, exact)

    def _open(
        self, block: torch.Tensor, i: slice, j: slice, diagonal: bool, lowest: np.float32
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Places in a block, flat, of pairs that may reach a threshold or a floor; their values."""
        rows, columns = self._rows, self._columns
        slack_i, slack_j = rows.panel.slack[i], columns.panel.slack[j]
        from_i = np.minimum(rows.floor[i], lowest) - slack_i - slack_j.max()
        from_j = np.minimum(columns.floor[j], lowest) - slack_j - slack_i.max()
        # Rounding is monotone: a value that reaches a bound reaches it with both rounded.
        mask = block >= torch.from_numpy(from_i).to(block)[:, None]
        mask |= block >= torch.from_numpy(from_j).to(block)
        if diagonal:
            mask.triu_(1)
        flat = np.flatnonzero(mask.cpu().numpy())
        found = block.reshape(-1)[torch.from_numpy(flat).to(block.device)]
        value: NDArray[np.float32] = found.float().clamp_(-1, 1).cpu().numpy()
        return flat, value

    def _still_open(self, keys: NDArray[np.int64], value: NDArray[np.float32]) -> NDArray[np.int64]:
        a, b = keys >> 17, keys >> 1 & 0xFFFF
        wanted = np.minimum(self._rows.floor[a], self._columns.floor[b])
        wanted = np.where(keys & 1, wanted, np.minimum(wanted, self._lowest))
        slack = self._rows.panel.slack[a] + self._columns.panel.slack[b]
        still: NDArray[np.int64] = keys[value + slack >= wanted]
        return still

    def _count_all(self, i: slice, j: slice, diagonal: bool) -> None:
        exact = exact_block(self._rows.panel, self._columns.panel, i, j)
        if diagonal:
            exact[np.tril_indices(len(exact))] = -np.inf
        flat, level = self._levels.reached(exact.reshape(-1))
        a, b = np.divmod(flat, exact.shape[1])
        self._rows.count(a + i.start, level)
        self._columns.count(b + j.start, level)

    def _add_tanimoto(self, shared: torch.Tensor, i: slice, j: slice, diagonal: bool) -> None:
        units = (shared * 2.0**24).to(torch.int32)
        if diagonal:
            units.fill_diagonal_(0)
        self._rows.tanimoto[i] += units.sum(dim=1, dtype=torch.int64).cpu().numpy()
        if not diagonal:
            self._columns.tanimoto[j] += units.sum(dim=0, dtype=torch.int64).cpu().numpy()

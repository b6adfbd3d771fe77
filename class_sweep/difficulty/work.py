"""What happens to the pairs of a tile: a screen leaves few of them open, float64 decides those."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.difficulty.layout import even_spans
from class_sweep.difficulty.levels import Levels
from class_sweep.difficulty.screen import approximate, exact_block, exact_pairs
from class_sweep.difficulty.side import Side
from class_sweep.difficulty.similarity import THRESHOLD_TOLERANCE
from class_sweep.difficulty.threads import Workers

DENSE = 1 / 32  # share of a block from which deciding all of it at once is cheaper than each pair
STRIP = 256  # rows of a block decided at once: 2 MiB of float64
PENDING = 2**22  # open pairs held at most, of 12 bytes each, apart from one block's


@dataclass(frozen=True)
class Screened:
    """What the screen found in the block of rows i and columns j.

    Attributes:
        i: The block's rows, counted within the tile.
        j: Its columns.
        flat: (c,) places in the block of pairs still open.
        value: (c,) float32, their approximate similarities.
        strips: Places of all pairs that reach a threshold and how many each reaches, where that was
            decided at once; the open pairs are then open as neighbours only.
        tanimoto: (n_i, n_j) T_ij, where the similarity has them.
    """

    i: slice
    j: slice
    flat: NDArray[np.int64]
    value: NDArray[np.float32]
    strips: list[tuple[NDArray[np.int32], NDArray[np.integer]]] | None
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
        self._keys: list[NDArray[np.int64]] = []
        self._values: list[NDArray[np.float32]] = []
        self._size = 0

    def screen(self, place: tuple[slice, slice]) -> Screened:
        """Screen one block; where too much is left open, decide all of it in float64 at once.

        It may run beside others: floors that rise meanwhile would only have left less open.
        """
        i, j = place
        rows, columns = self._rows, self._columns
        diagonal = rows is columns and i == j
        block, tanimoto = approximate(rows.panel, columns.panel, i, j)
        if diagonal:
            block.fill_diagonal_(-torch.inf)
        slack_i, slack_j = rows.panel.slack[i].max(), columns.panel.slack[j].max()
        rows.start(i, block, slack_j)
        if not diagonal:
            columns.start(j, block.T, slack_i)
        mask = self._open(block, i, j, diagonal, self._lowest)
        strips = None
        if self._is_dense(mask, block, slack_i + slack_j):
            strips = self._decide_all(i, j, diagonal)
            mask = self._open(block, i, j, diagonal, np.float32(np.inf))
        flat = np.flatnonzero(mask.cpu().numpy())
        value = block.reshape(-1)[torch.from_numpy(flat).to(block.device)]
        value = value.float().clamp_(-1, 1).cpu()
        return Screened(i, j, flat, value.numpy(), strips, tanimoto)

    def take(self, found: Screened) -> None:
        """Add up what one block gave; not to be run beside itself."""
        rows, columns, i, j = self._rows, self._columns, found.i, found.j
        width = j.stop - j.start
        for places, level in found.strips or []:
            a, b = np.divmod(places, width)
            rows.count(a + i.start, level)
            columns.count(b + j.start, level)
        if found.tanimoto is not None:
            self._add_tanimoto(found.tanimoto, i, j)
        a, b = np.divmod(found.flat, width)
        a, b = a + i.start, b + j.start
        at_least = found.value - rows.panel.slack[a] - columns.panel.slack[b]
        rows.see(a, at_least)
        columns.see(b, at_least)
        rows.raise_floor(i)
        columns.raise_floor(j)
        # Sorts by row, then by column; the last bit says that only neighbours are still sought.
        self._keys.append(a << 17 | b << 1 | (found.strips is not None))
        self._values.append(found.value)
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
        each = -(-len(a) // self._workers.threads)
        parts = [slice(span.start, span.stop) for span in even_spans(len(a), each)]
        exact = np.concatenate(list(self._workers.map(lambda p: self._exact(a[p], b[p]), parts)))
        uncounted = np.flatnonzero(keys & 1 == 0)
        places, level = self._levels.reached(exact[uncounted])
        rows.count(a[uncounted[places]], level)
        columns.count(b[uncounted[places]], level)
        rows.offer(a, b, exact)
        columns.offer(b, a, exact)

    def _open(
        self, block: torch.Tensor, i: slice, j: slice, diagonal: bool, lowest: np.float32
    ) -> torch.Tensor:
        """Which pairs of a block may reach a threshold or a floor."""
        rows, columns = self._rows, self._columns
        slack_i, slack_j = rows.panel.slack[i], columns.panel.slack[j]
        from_i = np.minimum(rows.floor[i], lowest) - slack_i - slack_j.max()
        from_j = np.minimum(columns.floor[j], lowest) - slack_j - slack_i.max()
        # Rounding is monotone: a value that reaches a bound reaches it with both rounded.
        mask = block >= torch.from_numpy(from_i).to(block)[:, None]
        mask |= block >= torch.from_numpy(from_j).to(block)
        if diagonal:
            mask.triu_(1)
        return mask

    def _is_dense(self, mask: torch.Tensor, block: torch.Tensor, slack: np.float32) -> bool:
        """Whether so many pairs may reach a threshold that all are better decided at once."""
        most = DENSE * mask.numel()
        if np.isinf(self._lowest) or mask.count_nonzero().item() <= most:
            return False
        return (block >= float(self._lowest - slack)).count_nonzero().item() > most

    def _still_open(self, keys: NDArray[np.int64], value: NDArray[np.float32]) -> NDArray[np.int64]:
        a, b = keys >> 17, keys >> 1 & 0xFFFF
        wanted = np.minimum(self._rows.floor[a], self._columns.floor[b])
        wanted = np.where(keys & 1, wanted, np.minimum(wanted, self._lowest))
        slack = self._rows.panel.slack[a] + self._columns.panel.slack[b]
        still: NDArray[np.int64] = keys[value + slack >= wanted]
        return still

    def _decide_all(
        self, i: slice, j: slice, diagonal: bool
    ) -> list[tuple[NDArray[np.int32], NDArray[np.integer]]]:
        """Places in a block, flat, that reach a threshold, and how many each reaches."""
        strips = []
        for top in range(i.start, i.stop, STRIP):
            strip = slice(top, min(top + STRIP, i.stop))
            exact = exact_block(self._rows.panel, self._columns.panel, strip, j)
            above, (height, width) = top - i.start, exact.shape
            if diagonal:
                exact[np.tri(height, width, above, dtype=bool)] = -np.inf
            places, level = self._levels.reached(exact.reshape(-1))
            strips.append(((places + above * width).astype(np.int32), level))
        return strips

    def _exact(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
        return exact_pairs(self._rows.panel, self._columns.panel, a, b)

    def _add_tanimoto(self, shared: torch.Tensor, i: slice, j: slice) -> None:
        units = (shared * 2.0**24).to(torch.int32)
        if self._rows is self._columns and i == j:
            units.fill_diagonal_(0)
        else:
            self._columns.tanimoto[j] += units.sum(dim=0, dtype=torch.int64).cpu().numpy()
        self._rows.tanimoto[i] += units.sum(dim=1, dtype=torch.int64).cpu().numpy()

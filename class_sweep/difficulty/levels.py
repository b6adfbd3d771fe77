"""Which thresholds a similarity reaches."""

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.difficulty.similarity import THRESHOLD_TOLERANCE

_CELLS = 2**17  # at most: a table of 512 KiB
_PLACING = 2.0**-22  # how far float32 may misplace a value among cells, for each unit of its size


class Levels:
    """Finds how many of the thresholds a similarity reaches.

    A table of equal cells, half as wide as the smallest gap between thresholds, says how many lie
    below each; from a cell's lower edge to the end of the next at most one more follows. That is
    several times faster than bisection.

    Args:
        thresholds: (S,) float64, ascending and distinct.
    """

    def __init__(self, thresholds: NDArray[np.float64]) -> None:
        self._thresholds = thresholds - THRESHOLD_TOLERANCE
        self._following = np.append(self._thresholds, np.inf)
        cell = np.diff(thresholds).min(initial=1.0) / 2
        self._scale = 1 / cell
        self._table: NDArray[np.int32] | None = None
        if len(thresholds) and np.ptp(thresholds) * self._scale < _CELLS:
            edges = self._thresholds[0] + cell * np.arange(np.ptp(thresholds) * self._scale + 2)
            self._table = np.searchsorted(self._thresholds, edges).astype(np.int32)

    @property
    def thresholds(self) -> NDArray[np.float64]:
        """(S,) what a similarity must be at least, ascending: the tolerance is taken off."""
        return self._thresholds

    @property
    def lowest(self) -> float:
        """The smallest similarity that reaches a threshold; infinity where there are none."""
        return float(self._following[0])

    def of(self, exact: NDArray[np.float64]) -> NDArray[np.int64]:
        """(n,) how many each of (n,) similarities reaches."""
        return np.searchsorted(self._thresholds, exact, side="right")

    def reached(self, exact: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.integer]]:
        """The places in (n,) similarities that reach any threshold, and how many each reaches.

        Returns:
            (c,) places, ascending, and (c,) numbers from 1 to S.
        """
        if not len(self._thresholds):
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        places = np.flatnonzero(exact >= self._thresholds[0])
        value = exact[places]
        if self._table is None:
            return places, self.of(value)
        # Rather a cell too low than, by rounding, one too high.
        cells = (value - self._thresholds[0]) * self._scale - 0.01
        level = self._table[np.clip(cells, 0, len(self._table) - 1, out=cells).astype(np.int32)]
        level += value >= self._following[level]
        return places, level


class LevelTable:
    """The same for float32 values known to a slack, wherever these decide it.

    Cells of equal width cover the thresholds; a cell from which a value may be on either side of a
    threshold decides nothing. The narrowest gap between thresholds is a whole number of cells, so
    on a grid of thresholds two cells of each gap stay undecided.

    Args:
        levels: The thresholds, one at least.
        slack: How far a value may be from the exact similarity.
        device: Where the values are.

    Attributes:
        undecided: S + 1, which stands for an undecided value.
    """

    def __init__(self, levels: Levels, slack: float, device: torch.device) -> None:
        thresholds = levels.thresholds
        lowest, reach = thresholds[0], np.ptp(thresholds)
        slack += _PLACING * (1 + abs(lowest) + reach)
        gap = np.diff(thresholds).min(initial=1.0)
        width = max(gap / max(1, gap // slack), slack, reach / _CELLS)
        beyond = int(slack / width) + 2  # cells below the lowest and above the highest
        edges = lowest + width * np.arange(-beyond, int(reach / width) + beyond + 1)
        below = np.searchsorted(thresholds, edges[:-1] - slack, side="right")
        above = np.searchsorted(thresholds, edges[1:] + slack, side="right")
        self.undecided = len(thresholds) + 1
        cells = np.where(below == above, below, self.undecided).astype(np.int32)
        self._cells = torch.from_numpy(cells).to(device)
        self._first, self._scale = float(edges[0]), float(1 / width)

    def of(self, value: torch.Tensor) -> torch.Tensor:
        """How many thresholds each of (a, b) float32 values reaches: (a, b) int32."""
        cell = value.sub(self._first).mul_(self._scale).clamp_(0, len(self._cells) - 1)
        return self._cells.index_select(0, cell.to(torch.int32).view(-1)).view(value.shape)

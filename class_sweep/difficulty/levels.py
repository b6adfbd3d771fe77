"""The number of thresholds that a similarity reaches."""

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.difficulty.similarity import THRESHOLD_TOLERANCE

_CELLS = 2**17  # the maximum number of cells of a table, which then takes 512 KiB
_ROUNDING = 2.0**-22  # the float32 error of a cell position, relative to the size of the values


class Levels:
    """Counts the thresholds that a similarity reaches.

    Cells of equal width, half the smallest gap between two thresholds, cover the thresholds. A
    table holds the number of thresholds below the lower edge of each cell. A cell and the next one
    contain at most one further threshold, so one comparison completes the count. This is several
    times faster than bisection.

    Args:
        thresholds: (S,) float64, ascending and distinct.
    """

    def __init__(self, thresholds: NDArray[np.float64]) -> None:
        self._thresholds = thresholds - THRESHOLD_TOLERANCE
        self._following = np.append(self._thresholds, np.inf)
        width = np.diff(thresholds).min(initial=1.0) / 2
        self._scale = 1 / width
        self._table: NDArray[np.int32] | None = None
        if len(thresholds) and np.ptp(thresholds) * self._scale < _CELLS:
            edges = self._thresholds[0] + width * np.arange(np.ptp(thresholds) * self._scale + 2)
            self._table = np.searchsorted(self._thresholds, edges).astype(np.int32)

    @property
    def thresholds(self) -> NDArray[np.float64]:
        """The thresholds minus the tolerance, ascending: (S,)."""
        return self._thresholds

    def reached(self, exact: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.integer]]:
        """Find the similarities that reach a threshold.

        Args:
            exact: (n,) similarities.

        Returns:
            (c,) their positions, ascending, and (c,) the number of thresholds, from 1 to S, that
            each of them reaches.
        """
        if not len(self._thresholds):
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        positions = np.flatnonzero(exact >= self._thresholds[0])
        value = exact[positions]
        if self._table is None:
            return positions, np.searchsorted(self._thresholds, value, side="right")
        # Rounding must not choose the next cell. The previous cell is also correct.
        cells = (value - self._thresholds[0]) * self._scale - 0.01
        level = self._table[np.clip(cells, 0, len(self._table) - 1, out=cells).astype(np.int32)]
        level += value >= self._following[level]
        return positions, level


class LevelTable:
    """The number of thresholds that approximate float32 similarities reach.

    The error of a value is at most the slack. If every similarity within this distance reaches the
    same number of thresholds, the table gives this number; otherwise the value is undecided. Cells
    of equal width cover the thresholds. The smallest gap between two thresholds is a whole number
    of cells, so on a regular grid of thresholds two cells of each gap are undecided.

    Args:
        levels: The thresholds, at least one.
        slack: The largest error of a value.
        device: The device of the values.

    Attributes:
        undecided: S + 1, the result for an undecided value.
    """

    def __init__(self, levels: Levels, slack: float, device: torch.device) -> None:
        thresholds = levels.thresholds
        lowest, reach = thresholds[0], np.ptp(thresholds)
        slack += _ROUNDING * (1 + abs(lowest) + reach)
        gap = np.diff(thresholds).min(initial=1.0)
        width = max(gap / max(1, gap // slack), slack, reach / _CELLS)
        beyond = int(slack / width) + 2  # cells below the lowest and above the highest threshold
        edges = lowest + width * np.arange(-beyond, int(reach / width) + beyond + 1)
        fewest = np.searchsorted(thresholds, edges[:-1] - slack, side="right")
        most = np.searchsorted(thresholds, edges[1:] + slack, side="right")
        self.undecided = len(thresholds) + 1
        cells = np.where(fewest == most, fewest, self.undecided).astype(np.int32)
        self._cells = torch.from_numpy(cells).to(device)
        self._first, self._scale = float(edges[0]), float(1 / width)

    def look_up(self, value: torch.Tensor) -> torch.Tensor:
        """The number of thresholds that each value reaches: (a, b) float32 to (a, b) int32."""
        cell = value.sub(self._first).mul_(self._scale).clamp_(0, len(self._cells) - 1)
        return self._cells.index_select(0, cell.to(torch.int32).view(-1)).view(value.shape)

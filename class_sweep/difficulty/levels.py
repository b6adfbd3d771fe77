"""Which thresholds a similarity reaches."""

import numpy as np
from numpy.typing import NDArray

from class_sweep.difficulty.similarity import THRESHOLD_TOLERANCE

_CELLS = 2**17  # at most: a table of 512 KiB


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

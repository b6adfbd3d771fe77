"""The paired t-test over the differences of two arms under the same seeds.

If neither arm is better, the arms can be swapped, so the differences are symmetric about 0 for any
distribution of the scores. Heavy tails make the test conservative.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import stdtr, stdtrit

MAX_SEEDS_NEEDED = 10_000
"""A comparison that needs more seeds is not decided by seeds."""


@dataclass(frozen=True)
class PairedDifferences:
    """Differences of two arms under n seeds.

    Attributes:
        n: Number of seeds, at least 2.
        mean: Mean difference, in the metric's unit.
        sd: Sample standard deviation of the differences.
    """

    n: int
    mean: float
    sd: float

    @classmethod
    def of(cls, first: Sequence[float], second: Sequence[float]) -> Self:
        """The differences first − second, seed by seed.

        Args:
            first: (n,) scores of one arm, by seed.
            second: (n,) scores of the other arm under the same seeds.

        Raises:
            ValueError: If n < 2, or the lengths differ.
        """
        differences = np.subtract(first, second, dtype=np.float64)
        if differences.ndim != 1 or len(first) != len(second) or len(differences) < 2:
            raise ValueError(f"a pair must have two seeds or more, got {len(first)}, {len(second)}")
        return cls(len(differences), float(differences.mean()), float(differences.std(ddof=1)))

    @property
    def p(self) -> float:
        """Two-sided p-value of no difference: t = mean · √n / sd with n − 1 degrees of freedom."""
        if self.sd == 0:
            return 1.0 if self.mean == 0 else 0.0
        t = self.mean / (self.sd / math.sqrt(self.n))
        return float(2 * stdtr(self.n - 1, -abs(t)))

    def interval(self, level: float) -> tuple[float, float]:
        """The t interval at an error; 0.05 gives a 95 % interval.

        It excludes 0 exactly if p is below `level`.
        """
        half = _quantile(self.n, level) * self.sd / math.sqrt(self.n)
        return self.mean - half, self.mean + half

    def seeds_needed(self, level: float) -> int | None:
        """The fewest seeds whose interval excludes 0 if mean and sd stay as they are.

        None beyond `MAX_SEEDS_NEEDED`.
        """
        if self.sd == 0:
            return self.n if self.mean else None

        def excludes_zero(n: int) -> bool:
            return _quantile(n, level) * self.sd / math.sqrt(n) < abs(self.mean)

        if not excludes_zero(MAX_SEEDS_NEEDED):
            return None
        low, high = 1, MAX_SEEDS_NEEDED  # bisection: the half width falls with n
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if excludes_zero(middle) else (middle, high)
        return high


def _quantile(n: int, level: float) -> float:
    """The upper `level` / 2 quantile of t with n − 1 degrees of freedom."""
    return -float(stdtrit(n - 1, level / 2))

"""The paired t-test: differences of two arms under the same seeds.

Where neither arm is better, swapping them changes nothing, so the differences are symmetric about 0
whatever their distribution; heavy tails then make the test conservative, not bold.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

MOST = 10_000  # seeds; a pair that would take more is not settled by seeds


@dataclass(frozen=True)
class Paired:
    """Differences of two arms under n seeds.

    Attributes:
        n: How many seeds, at least 2.
        mean: Of the differences, in the metric's own unit.
        sd: Their standard deviation, of a sample.
    """

    n: int
    mean: float
    sd: float

    @classmethod
    def of(cls, one: Sequence[float], other: Sequence[float]) -> "Paired":
        """The differences `one` − `other`, seed by seed.

        Raises:
            ValueError: If there are fewer than two seeds, or not the same number of both.
        """
        differences = np.subtract(one, other, dtype=np.float64)
        if differences.ndim != 1 or len(one) != len(other) or len(differences) < 2:
            raise ValueError(f"a pair must have two seeds or more, got {len(one)}, {len(other)}")
        return cls(len(differences), float(differences.mean()), float(differences.std(ddof=1)))

    @property
    def p(self) -> float:
        """The two-sided p-value of no difference."""
        if self.sd == 0:
            return 1.0 if self.mean == 0 else 0.0
        t = self.mean / (self.sd / math.sqrt(self.n))
        return float(2 * stdtr(self.n - 1, -abs(t)))

    def interval(self, level: float) -> tuple[float, float]:
        """The interval that excludes 0 exactly where p is below `level`; 0.05 is a 95 % one."""
        half = _quantile(self.n, level) * self.sd / math.sqrt(self.n)
        return self.mean - half, self.mean + half

    def seeds_needed(self, level: float) -> int | None:
        """The fewest seeds whose interval leaves 0 if mean and sd stay; None beyond `MOST`."""
        if self.sd == 0:
            return self.n if self.mean else None

        def enough(n: int) -> bool:
            return _quantile(n, level) * self.sd / math.sqrt(n) < abs(self.mean)

        if not enough(MOST):
            return None
        low, high = 1, MOST  # the half width falls with n
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if enough(middle) else (middle, high)
        return high


def _quantile(n: int, level: float) -> float:
    return -float(stdtrit(n - 1, level / 2))

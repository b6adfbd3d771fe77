"""The paired t-test over the differences of two arms under the same seeds.

The test is exact for normal differences. If both arms have one distribution, the differences are
symmetric about 0, and heavy tails make the test conservative. Arms of equal means and unlike shapes
are another matter: against an arm that rarely crashes, one that often does so looks better until
its first crash, and the probability of such a claim may exceed its level.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import stdtr, stdtrit

from class_sweep.statistics.interim_looks import BETTER_SHARE

_EQUAL = 1e-12  # relative to the scores: differences this close differ by rounding alone


@dataclass(frozen=True)
class PairedDifferences:
    """Differences of two arms under n seeds.

    Attributes:
        n: Number of seeds, at least 2.
        mean: Mean difference, in the metric's unit.
        sd: Sample standard deviation of the differences.
        variance: Variance of one difference that the test uses, above 0 unless all differences are.
        degrees: Degrees of freedom of that variance.
    """

    n: int
    mean: float
    sd: float
    variance: float
    degrees: float

    @classmethod
    def of(cls, first: Sequence[float], second: Sequence[float], resolution: float = 0.0) -> Self:
        """The differences first − second, seed by seed.

        Scores that are multiples of u were rounded, which adds u²/12 to the variance of each
        (Sheppard's correction): few seeds often give equal differences, and their sample variance
        would be far too small. Equal differences of other scores say nothing of the noise; the
        variance is then the one whose p-value is 2^(1−n), that of the sign test.

        Args:
            first: (n,) scores of one arm, by seed.
            second: (n,) scores of the other arm under the same seeds.
            resolution: u, in the metric's unit; 0 for a continuous metric.

        Raises:
            ValueError: If n < 2, or the lengths differ.
        """
        differences = np.subtract(first, second, dtype=np.float64)
        n = len(differences)
        if differences.ndim != 1 or len(first) != len(second) or n < 2:
            raise ValueError(f"a pair must have two seeds or more, got {len(first)}, {len(second)}")
        mean, sd = float(differences.mean()), float(differences.std(ddof=1))
        variance = sd**2 + resolution**2 / 6
        if math.sqrt(variance) <= _EQUAL * float(np.abs((first, second)).max()):
            variance = n * (mean / float(stdtrit(n - 1, 2.0**-n))) ** 2
        return cls(n, mean, sd, variance, n - 1)

    @property
    def error(self) -> float:
        """Standard error of the mean."""
        return math.sqrt(self.variance / self.n)

    @property
    def p(self) -> float:
        """p-value of no difference, t = mean / error, in (0, 1].

        A positive mean has `BETTER_SHARE` of the error, and a negative one the rest: the tail of
        Student's t beyond |t| is divided by the share of its side.
        """
        share = BETTER_SHARE if self.mean > 0 else 1 - BETTER_SHARE
        return min(1.0, self._tail(abs(self.mean)) / share)

    def p_above(self, bound: float) -> float:
        """p-value of a true difference of `bound` or less, by the share of "better"; in (0, 1]."""
        return min(1.0, self._tail(self.mean - bound) / BETTER_SHARE)

    def _tail(self, excess: float) -> float:
        """The probability that the mean exceeds the truth by `excess`, never 0."""
        if not self.variance:
            return 0.5 if excess == 0 else float(excess < 0) or math.ulp(0.0)
        return max(float(stdtr(self.degrees, -excess / self.error)), math.ulp(0.0))

    def test_interval(self, level: float) -> tuple[float, float]:
        """The interval of the test at an error, of unequal tails.

        It excludes 0 exactly if p is below `level`, and its lower end is above a bound exactly if
        `p_above` is.
        """
        tails = level * BETTER_SHARE, level * (1 - BETTER_SHARE)
        below, above = (upper_quantile(self.degrees, tail) * self.error for tail in tails)
        return self.mean - below, self.mean + above

    def interval(self, level: float) -> tuple[float, float]:
        """The t interval of equal tails at an error; 0.05 gives a 95 % interval."""
        half = upper_quantile(self.degrees, level / 2) * self.error
        return self.mean - half, self.mean + half


def upper_quantile(degrees: float, tail: float) -> float:
    """The value that Student's t exceeds with a probability `tail`."""
    return -float(stdtrit(degrees, tail))

"""Moderated variances: each comparison's variance is shrunk to that of all comparisons.

Few seeds estimate a variance badly, and the comparisons of one confirmation have similar ones. The
prior is that of limma (Smyth 2004, Statistical Applications in Genetics and Molecular Biology
3:3): the variances are s0² times F-distributed, and log-variances give s0² and its degrees d0 by
the method of moments. The prior has at most a quarter of the degrees of all comparisons, so that an
arm of a larger variance than the others does not make false claims.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import digamma, polygamma

from class_sweep.statistics.paired import PairedDifferences

PRIOR_SHARE = 0.25
"""The most degrees that a prior may have, as a fraction of those of all comparisons together."""

MANY = 1e6
"""Degrees of freedom that are as good as infinitely many."""

_SMALLEST = 1e-5  # of the median: limma's offset of variances near 0, whose logarithm is infinite


@dataclass(frozen=True)
class Prior:
    """The distribution of the variances of the comparisons.

    Attributes:
        variance: s0².
        degrees: d0, its degrees of freedom; `MANY` where the variances may all be equal.
    """

    variance: float
    degrees: float

    def moderate(self, pair: PairedDifferences) -> PairedDifferences:
        """The differences with the variance (d0 s0² + d s²) / (d0 + d), of d0 + d degrees."""
        degrees = self.degrees + pair.degrees
        variance = (self.degrees * self.variance + pair.degrees * pair.variance) / degrees
        return replace(pair, variance=variance, degrees=degrees)


def estimate_prior(pairs: Sequence[PairedDifferences]) -> Prior:
    """The prior of some comparisons; one without degrees if fewer than two have a variance."""
    degrees = np.array([pair.degrees for pair in pairs], np.float64)
    variances = np.array([pair.variance for pair in pairs])
    median = float(np.median(variances)) if len(pairs) else 0.0
    if len(pairs) < 2 or not median:
        return Prior(0.0, 0.0)
    logs = np.log(np.maximum(variances, _SMALLEST * median))
    centred = logs - digamma(degrees / 2) + np.log(degrees / 2)
    mean = float(centred.mean())
    excess = float(centred.var(ddof=1) - polygamma(1, degrees / 2).mean())
    most = PRIOR_SHARE * float(degrees.sum())
    if excess <= 0:
        return Prior(float(variances.mean()), most)
    half = _inverse_trigamma(excess)
    variance = math.exp(mean + float(digamma(half)) - math.log(half))
    return Prior(variance, min(2 * half, most))


def _inverse_trigamma(value: float) -> float:
    """The y whose trigamma is a value above 0, by Newton's method on 1 / trigamma (Smyth 2004)."""
    if value > 1e7:
        return 1 / math.sqrt(value)
    if value < 1e-6:
        return 1 / value
    y = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(polygamma(1, y))
        step = trigamma * (1 - trigamma / value) / float(polygamma(2, y))
        y += step
        if -step / y < 1e-8:
            break
    return y

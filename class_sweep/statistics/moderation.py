"""Moderated variances: each comparison's variance is shrunk to the mean of all comparisons.

Few seeds estimate a variance badly, and the comparisons of one confirmation have similar ones. The
moderated variance and the prior's degrees d0 are limma's (Smyth 2004, Statistical Applications in
Genetics and Molecular Biology 3:3): variances that differ by more than their few seeds explain give
the prior few degrees. Two choices are made for few comparisons, which tell little of their prior.
Its variance is the mean, which one small variance does not lower, and its degrees have a bound. So
an arm of a larger variance than the others does not make false claims.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import digamma, polygamma

from class_sweep.statistics.paired import PairedDifferences

PRIOR_DEGREES = 3.0
"""The most degrees that the prior of many comparisons may have, in those of one comparison."""

_SMALLEST = 1e-5  # of the mean: an offset of variances near 0, whose logarithm is infinite


@dataclass(frozen=True)
class Prior:
    """What the variance of each comparison is shrunk to.

    Attributes:
        variance: s0².
        degrees: d0, its degrees of freedom.
    """

    variance: float
    degrees: float

    def moderate(self, pair: PairedDifferences) -> PairedDifferences:
        """The differences with the variance (d0 s0² + d s²) / (d0 + d), of d0 + d degrees."""
        degrees = self.degrees + pair.degrees
        variance = (self.degrees * self.variance + pair.degrees * pair.variance) / degrees
        return replace(pair, variance=variance, degrees=degrees)


def estimate_prior(pairs: Sequence[PairedDifferences]) -> Prior:
    """The prior of k comparisons; one without degrees if fewer than two have a variance.

    Its degrees are at most 3 (1 − 1/k) times the mean degrees of a comparison. The mean variance
    holds a comparison's own, too: the factor 1 − 1/k is the part of the others.
    """
    degrees = np.array([pair.degrees for pair in pairs], np.float64)
    variances = np.array([pair.variance for pair in pairs])
    if len(pairs) < 2 or not variances.any():
        return Prior(0.0, 0.0)
    mean = float(variances.mean())
    logs = np.log(np.maximum(variances, _SMALLEST * mean))
    centred = logs - digamma(degrees / 2) + np.log(degrees / 2)
    excess = float(centred.var(ddof=1) - polygamma(1, degrees / 2).mean())
    most = PRIOR_DEGREES * (1 - 1 / len(pairs)) * float(degrees.mean())
    return Prior(mean, most if excess <= 0 else min(2 * _inverse_trigamma(excess), most))


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

"""What more seeds may show: the looks that would decide a comparison, and their probability."""

import math

from scipy.special import ndtr

from class_sweep.config.confirm import LOOKS
from class_sweep.statistics.interim_looks import ALPHA_SHARES
from class_sweep.statistics.paired import PairedDifferences, upper_quantile


def conditional_power(
    pair: PairedDifferences, level: float, max_seeds: int, *, margin: float | None = None
) -> float:
    """The largest probability, over the later looks, that the look decides the comparison.

    The true difference is not the mean so far: the probability is averaged over its uncertainty
    (predictive power, Spiegelhalter et al. 1986, Controlled Clinical Trials 7:8). At look l the
    mean is normal around the mean m of n seeds, with variance s² (1/n − 1/l).

    Args:
        pair: The differences so far.
        level: Error of the comparison, over all looks.
        max_seeds: The last look.
        margin: A margin to ask for non-inferiority; None to ask for a difference from 0.
    """
    return max(
        (
            _power_at(pair, look, threshold, margin)
            for look, threshold in _thresholds(pair, level)
            if look <= max_seeds
        ),
        default=0.0,
    )


def deciding_look(
    pair: PairedDifferences, level: float, *, margin: float | None = None
) -> int | None:
    """The first later look whose interval would exclude 0, or −margin from below; None if none.

    It takes the mean and the variance of the differences so far as the truth.

    Args:
        pair: The differences so far.
        level: Error of the comparison, over all looks.
        margin: A margin whose non-inferiority would also decide; None without.
    """
    reach = max(abs(pair.mean), pair.mean + (margin or 0.0))
    return next((look for look, t in _thresholds(pair, level) if t < reach), None)


def _thresholds(pair: PairedDifferences, level: float) -> list[tuple[int, float]]:
    """Each later look, and the mean difference that decides there."""
    if level <= 0:
        return []
    degrees_per_seed = pair.degrees / (pair.n - 1)  # more than 1 by the prior of the variance
    return [
        (
            look,
            upper_quantile(degrees_per_seed * (look - 1), level * share / 2)
            * math.sqrt(pair.variance / look),
        )
        for look, share in zip(LOOKS, ALPHA_SHARES, strict=True)
        if look > pair.n
    ]


def _power_at(pair: PairedDifferences, look: int, threshold: float, margin: float | None) -> float:
    spread = math.sqrt(pair.variance * (1 / pair.n - 1 / look))
    if not spread:
        return float(abs(pair.mean) > threshold)
    if margin is not None:
        return float(ndtr((pair.mean + margin - threshold) / spread))
    return float(sum(ndtr((sign * pair.mean - threshold) / spread) for sign in (1, -1)))

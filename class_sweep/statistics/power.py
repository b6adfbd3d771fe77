"""What more seeds may show: the looks that would decide a comparison, and their probability.

Probabilities are predictive (Spiegelhalter et al. 1986, Controlled Clinical Trials 7:8): the true
difference is not the mean so far, and they are averaged over its uncertainty. After n seeds of mean
m and variance s², the mean at look l is normal around m, with variance s² (1/n − 1/l).
"""

import math

from scipy.special import ndtr

from class_sweep.config.confirm import LOOKS
from class_sweep.statistics.interim_looks import ALPHA_SHARES, BETTER_SHARE
from class_sweep.statistics.paired import PairedDifferences, upper_quantile


def power_to_show_better(
    pair: PairedDifferences, level: float, max_seeds: int, *, margin: float | None = None
) -> float:
    """The largest probability, over the later looks, that the look shows a finalist to be better.

    Args:
        pair: The differences so far.
        level: Error of the comparison, over all looks.
        max_seeds: The last look.
        margin: A margin to ask for non-inferiority; None to ask for superiority.
    """
    return max(
        (
            _above(pair, look, least - (margin or 0.0))
            for look, least in _thresholds(pair, level)
            if look <= max_seeds
        ),
        default=0.0,
    )


def chance_to_overtake(pair: PairedDifferences, max_seeds: int) -> float:
    """The probability that the mean difference is above 0 at the last look.

    Args:
        pair: The differences so far, of an arm from one that is ahead of it.
        max_seeds: The last look, above the seeds so far.
    """
    return _above(pair, max_seeds, 0.0)


def deciding_look(
    pair: PairedDifferences, level: float, *, margin: float | None = None
) -> int | None:
    """The first later look whose interval would be above 0, or above −margin; None if none.

    It takes the mean and the variance of the differences so far as the truth.

    Args:
        pair: The differences so far.
        level: Error of the comparison, over all looks.
        margin: A margin whose non-inferiority would also decide; None without.
    """
    reach = pair.mean + (margin or 0.0)
    return next((look for look, least in _thresholds(pair, level) if reach > least), None)


def _thresholds(pair: PairedDifferences, level: float) -> list[tuple[int, float]]:
    """Each later look, and the mean difference above which it shows a finalist to be better."""
    if level <= 0:
        return []
    degrees_per_seed = pair.degrees / (pair.n - 1)  # more than 1 by the prior of the variance
    return [
        (
            look,
            upper_quantile(degrees_per_seed * (look - 1), level * share * BETTER_SHARE)
            * math.sqrt(pair.variance / look),
        )
        for look, share in zip(LOOKS, ALPHA_SHARES, strict=True)
        if look > pair.n
    ]


def _above(pair: PairedDifferences, look: int, bound: float) -> float:
    """The probability that the mean at a later look is above a bound."""
    spread = math.sqrt(pair.variance * (1 / pair.n - 1 / look))
    if not spread:
        return float(pair.mean > bound)
    return float(ndtr((pair.mean - bound) / spread))

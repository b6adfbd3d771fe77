"""The share of wrong pairs of a data set, from its misfits and those of mismatched pairs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NOTABLE = 0.05
"""The share of wrong pairs from which leaving pairs out is worth a trial."""
LEVEL = 0.95
_RESAMPLES = 1000


@dataclass(frozen=True)
class WrongShare:
    """An estimate of the share of wrong pairs, in [0, 1].

    Attributes:
        share: The estimate.
        low: The lower end of its 95 % interval.
        high: The upper end.
    """

    share: float
    low: float
    high: float

    @property
    def is_notable(self) -> bool:
        """Whether the whole interval is above `NOTABLE`."""
        return self.low > NOTABLE


def wrong_share(
    misfit: NDArray[np.float64], mismatched: NDArray[np.float64], *, seed: int = 0
) -> WrongShare:
    """Estimate the share of pairs that fit like mismatched ones.

    With m the median misfit of the mismatched pairs, the estimate is 2 · P(misfit > m): half of the
    wrong pairs are above m if they fit like mismatched ones (Storey 2002, with λ = ½, for the
    proportion of true null hypotheses). Right pairs above m make it too high: pairs whose text
    says nothing of the molecule, or too few pairs for a map. Wrong pairs that are similar to the
    right ones make it too low. The interval is a percentile bootstrap over both kinds of pairs.

    Args:
        misfit: (n,) the misfits of the pairs.
        mismatched: (m,) the misfits of deliberately mismatched pairs.
        seed: The seed of the bootstrap.
    """
    generator = np.random.default_rng(seed)
    misfit, mismatched = np.sort(misfit), np.sort(mismatched)
    medians = np.array(
        [np.median(generator.choice(mismatched, len(mismatched))) for _ in range(_RESAMPLES)]
    )
    # A resample holds a pair above m with the probability of the pairs above m.
    shares = 2 * generator.binomial(len(misfit), _above(misfit, medians)) / len(misfit)
    low, high = np.quantile(shares, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    estimate = 2 * float(_above(misfit, np.array([np.median(mismatched)]))[0])
    return WrongShare(min(1.0, estimate), min(1.0, float(low)), min(1.0, float(high)))


def _above(ordered: NDArray[np.float64], thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The fraction of ordered values above each threshold; equal values count half."""
    left = np.searchsorted(ordered, thresholds, side="left")
    right = np.searchsorted(ordered, thresholds, side="right")
    return 1 - (left + right) / 2 / len(ordered)

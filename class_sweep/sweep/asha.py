"""Asynchronous successive halving (Li et al. 2020, arXiv 1810.05934), in its stopping form.

At each rung a trial goes on when it is not below the (1 − 1/η) quantile of those that were there
before it: the rule of Ray's `ASHAScheduler`, without its cut of a rung by name or its lost state.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Verdict:
    """Whether a trial goes on, and whether there was anything to compare it with."""

    keep: bool
    compared: bool


class Asha:
    """The rungs of one sweep. Scores are better when higher."""

    def __init__(self, reduction_factor: float) -> None:
        """Take η: about one in η trials passes a rung."""
        self._quantile = 100 * (1 - 1 / reduction_factor)
        self.rungs: dict[int, dict[int, float]] = {}

    def decide(self, trial: int, rung: int, score: float) -> Verdict:
        """Judge a trial at a rung. Equal to the cutoff is enough.

        A trial that comes to a rung again, after a restart, goes on and changes nothing.
        """
        standing = self.rungs.setdefault(rung, {})
        if trial in standing:
            return Verdict(keep=True, compared=False)
        cutoff = np.percentile(list(standing.values()), self._quantile) if standing else None
        standing[trial] = score
        return Verdict(keep=cutoff is None or bool(score >= cutoff), compared=cutoff is not None)

    def recall(self, trial: int, rung: int, score: float) -> None:
        """Put a trial on a rung where it stood in an earlier run of the sweep."""
        self.rungs.setdefault(rung, {})[trial] = score

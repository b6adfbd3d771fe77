"""Asynchronous successive halving in its stopping form."""

from typing import Self

import numpy as np

from class_sweep.config.pruning import AshaPruning
from class_sweep.tuning.pruners.pruner import Pruner, PruningDecision, geometric_rungs


class Asha(Pruner):
    """Asynchronous successive halving (Li et al. 2020, arXiv 1810.05934).

    At each rung a trial continues if it is not below the (1 − 1/η) quantile of the trials that
    reached it earlier. That is the rule of Ray's `ASHAScheduler`, with a state that a log restores.
    A baseline counts in the quantile.
    """

    replayed_settings = ("grace_epochs", "reduction_factor", "rungs")

    def __init__(self, reduction_factor: float) -> None:
        """Set η: about one in η trials passes a rung."""
        self._quantile = 100 * (1 - 1 / reduction_factor)
        self.rungs: dict[int, dict[int, float]] = {}

    @classmethod
    def rung_epochs(cls, settings: AshaPruning, epochs: int) -> list[float]:
        """Rungs at grace_epochs · η^r; see `Pruner`."""
        return geometric_rungs(float(settings.grace_epochs), settings.reduction_factor, epochs)

    @classmethod
    def from_settings(cls, settings: AshaPruning, rungs: int, trials: int) -> Self:  # noqa: ARG003
        """A pruner without reports; see `Pruner`."""
        return cls(settings.reduction_factor)

    def decide(
        self, trial: int, rung: int, score: float, *, baseline: bool = False
    ) -> PruningDecision:
        """Compare with the quantile at the rung; see `Pruner`."""
        scores = self.rungs.setdefault(rung, {})
        before = [] if trial in scores else list(scores.values())
        scores.setdefault(trial, score)
        if baseline or not before:
            return PruningDecision("continue", compared=False)
        good = bool(score >= np.percentile(before, self._quantile))
        return PruningDecision("continue" if good else "prune", compared=True)

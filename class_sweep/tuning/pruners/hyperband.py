"""Hyperband over asynchronous successive halving."""

from typing import Self

import numpy as np

from class_sweep.config.pruning import HyperbandPruning
from class_sweep.tuning.pruners.asha import Asha
from class_sweep.tuning.pruners.pruner import Pruner, PruningDecision, geometric_rungs


class Hyperband(Pruner):
    """Hyperband (Li et al. 2018, arXiv 1603.06560); each bracket is an asynchronous halving.

    Bracket b compares trials from rung b on, and the last bracket never does, in case the early
    rungs predict badly. The number of a trial determines its bracket, so that each bracket gets its
    share: Hyperband's η^s/(s + 1) for a bracket of s rungs, which gives all brackets about the
    same cost.
    """

    replayed_settings = ("grace_epochs", "reduction_factor", "rungs")

    def __init__(self, reduction_factor: float, rungs: int) -> None:
        """Set η and the number of rungs."""
        self._shares = [reduction_factor**s / (s + 1) for s in range(rungs, -1, -1)]
        self._brackets = [Asha(reduction_factor) for _ in self._shares]
        self._assigned: list[int] = []

    @classmethod
    def rung_epochs(cls, settings: HyperbandPruning, epochs: int) -> list[float]:
        """Rungs at grace_epochs · η^r; see `Pruner`."""
        return geometric_rungs(float(settings.grace_epochs), settings.reduction_factor, epochs)

    @classmethod
    def from_settings(cls, settings: HyperbandPruning, rungs: int, trials: int) -> Self:  # noqa: ARG003
        """A pruner without reports; see `Pruner`."""
        return cls(settings.reduction_factor, rungs)

    def bracket(self, trial: int) -> int:
        """The bracket of a trial: the one that is furthest behind its share."""
        total = sum(self._shares)
        while len(self._assigned) <= trial:
            number = len(self._assigned) + 1
            behind = [
                number * share / total - self._assigned.count(b)
                for b, share in enumerate(self._shares)
            ]
            self._assigned.append(int(np.argmax(behind)))
        return self._assigned[trial]

    def decide(
        self, trial: int, rung: int, score: float, *, baseline: bool = False
    ) -> PruningDecision:
        """Compare within the trial's bracket; a baseline counts in all of them."""
        if baseline:
            for bracket in self._brackets:
                bracket.decide(trial, rung, score, baseline=True)
            return PruningDecision("continue", compared=False)
        number = self.bracket(trial)
        if rung < number:
            return PruningDecision("continue", compared=False)
        return self._brackets[number].decide(trial, rung, score)

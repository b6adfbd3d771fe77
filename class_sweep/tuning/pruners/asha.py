"""Asynchronous successive halving in its stopping form, alone and in brackets as Hyperband."""

import numpy as np

from class_sweep.tuning.pruners.pruner import NeverPauses, PruningDecision


class Asha(NeverPauses):
    """Asynchronous successive halving (Li et al. 2020, arXiv 1810.05934).

    At each rung a trial goes on when it is not below the (1 − 1/η) quantile of those that were
    there before it: the rule of Ray's `ASHAScheduler`, without its cut of a rung by name or its
    lost state. A reference stands on the rungs for others.
    """

    def __init__(self, reduction_factor: float) -> None:
        """Take η: about one in η trials passes a rung."""
        self._quantile = 100 * (1 - 1 / reduction_factor)
        self.rungs: dict[int, dict[int, float]] = {}

    def decide(
        self, trial: int, rung: int, score: float, *, baseline: bool = False
    ) -> PruningDecision:
        """Compare with the quantile of those that stand at the rung; see `Pruner`."""
        standing = self.rungs.setdefault(rung, {})
        before = [] if trial in standing else list(standing.values())
        standing.setdefault(trial, score)
        if baseline or not before:
            return PruningDecision("continue", compared=False)
        good = bool(score >= np.percentile(before, self._quantile))
        return PruningDecision("continue" if good else "prune", compared=True)


class Hyperband(NeverPauses):
    """Hyperband (Li et al. 2018, arXiv 1603.06560), each bracket an asynchronous halving.

    Bracket b begins to compare at rung b, the last one never: a hedge against rungs that come too
    early to tell. Trials go to brackets by their number alone, so that each bracket has its share:
    Hyperband's η^s/(s + 1) for a bracket of s rungs, which costs all brackets about the same.
    """

    def __init__(self, reduction_factor: float, rungs: int) -> None:
        """Take η and how many rungs there are."""
        self._shares = [reduction_factor**s / (s + 1) for s in range(rungs, -1, -1)]
        self._brackets = [Asha(reduction_factor) for _ in self._shares]
        self._assigned: list[int] = []

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
        """Compare within the trial's bracket; a reference stands in all of them."""
        if baseline:
            for bracket in self._brackets:
                bracket.decide(trial, rung, score, baseline=True)
            return PruningDecision("continue", compared=False)
        own = self.bracket(trial)
        if rung < own:
            return PruningDecision("continue", compared=False)
        return self._brackets[own].decide(trial, rung, score)

"""The median stopping rule of Google Vizier (Golovin et al. 2017, doi 10.1145/3097983.3098043)."""

from statistics import fmean, median

from class_sweep.tuning.pruners.pruner import NeverPauses, PruningDecision


class MedianStopping(NeverPauses):
    """A trial stops where its best value so far is below the median of the others' mean values.

    Each of the others counts with the mean of its reports up to the same rung. Vizier asks only
    those that completed; here all that came to the rung are asked, since most never complete.
    """

    def __init__(self) -> None:
        self._scores: dict[int, dict[int, float]] = {}
        self._means: dict[int, dict[int, float]] = {}

    def decide(
        self, trial: int, rung: int, score: float, *, baseline: bool = False
    ) -> PruningDecision:
        """Compare with the median at the rung; see `Pruner`."""
        own, means = self._scores.setdefault(trial, {}), self._means.setdefault(rung, {})
        others = [] if trial in means else list(means.values())
        own.setdefault(rung, score)
        means.setdefault(trial, fmean(own.values()))
        if baseline or not others:
            return PruningDecision("continue", compared=False)
        good = max(own.values()) >= median(others)
        return PruningDecision("continue" if good else "prune", compared=True)

"""The median stopping rule of Google Vizier (Golovin et al. 2017, doi 10.1145/3097983.3098043)."""

from statistics import fmean, median

from class_sweep.config.pruning import MedianPruning
from class_sweep.tuning.pruners.pruner import Pruner, PruningDecision


class MedianStopping(Pruner):
    """Prunes a trial whose best value so far is below the median of the other trials' means.

    Each other trial counts with the mean of its reports up to the same rung. Vizier compares with
    complete trials alone; here all trials at the rung count, because most never complete.
    """

    replayed_settings = ("grace_epochs", "rungs")

    def __init__(self) -> None:
        self._scores: dict[int, dict[int, float]] = {}  # by trial and rung
        self._means: dict[int, dict[int, float]] = {}  # by rung and trial

    @classmethod
    def rung_epochs(cls, settings: MedianPruning, epochs: int) -> list[float]:
        """A rung every `grace_epochs`; see `Pruner`."""
        rungs: list[float] = []
        while (rung := (len(rungs) + 1) * float(settings.grace_epochs)) < epochs:
            rungs.append(rung)
        return rungs

    def decide(
        self, trial: int, rung: int, score: float, *, baseline: bool = False
    ) -> PruningDecision:
        """Compare with the median at the rung; see `Pruner`."""
        scores, means = self._scores.setdefault(trial, {}), self._means.setdefault(rung, {})
        others = [] if trial in means else list(means.values())
        scores.setdefault(rung, score)
        means.setdefault(trial, fmean(scores.values()))
        if baseline or not others:
            return PruningDecision("continue", compared=False)
        good = max(scores.values()) >= median(others)
        return PruningDecision("continue" if good else "prune", compared=True)

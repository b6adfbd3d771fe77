"""Successive halving in its pausing form, which compares all trials at a rung before promotion."""

import math
from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Self

from class_sweep.config.pruning import HalvingPruning
from class_sweep.tuning.pruners.pruner import Pruner, PruningDecision, geometric_rungs


class Halving(Pruner):
    """Rungs of given capacities: the best K trials at a rung are promoted.

    A trial is paused while it is among the best K of the trials that have reached the rung, and
    pruned once it is not. At most K trials are paused there, plus those that tie with the K-th. The
    promotions depend on the scores alone and not, as in ASHA, on the order of the reports. A
    baseline runs to its end and takes no capacity.
    """

    def __init__(self, capacities: Sequence[int]) -> None:
        """Set K of each rung, at least 1."""
        self._capacities = capacities
        self._scores: list[dict[int, float]] = [{} for _ in capacities]
        self._sorted: list[list[float]] = [[] for _ in capacities]  # of each rung, ascending
        self._rung: dict[int, int] = {}  # the last rung of a trial
        self._paused: set[int] = set()

    @property
    def max_paused(self) -> int:
        """The capacity of the first rung: fewer trials are promoted from each."""
        return self._capacities[0] if self._capacities else 0

    @property
    def paused(self) -> frozenset[int]:
        """The trials within the capacity of their last rung."""
        return frozenset(self._paused)

    def decide(
        self, trial: int, rung: int, score: float, *, baseline: bool = False
    ) -> PruningDecision:
        """Compare with all trials that have reached the rung; see `Pruner`."""
        if baseline:
            return PruningDecision("continue", compared=False)
        scores = self._scores[rung]
        if trial in scores:
            return PruningDecision("pause" if trial in self._paused else "prune", compared=False)
        compared = bool(scores)
        scores[trial] = score
        insort(self._sorted[rung], score)
        self._rung[trial] = rung
        self._paused.add(trial)
        evicted = {
            t for t in self._paused if self._rung[t] == rung and not self._is_safe(t, coming=0)
        }
        self._paused -= evicted
        return PruningDecision("prune" if trial in evicted else "pause", compared=compared)

    def resize(self, capacities: Sequence[int]) -> None:
        """Set other capacities, and evict the paused trials beyond them."""
        self._capacities = capacities
        self._paused = {trial for trial in self._paused if self._is_safe(trial, coming=0)}

    def promotable(self, paused: Collection[int], under_way: Iterable[int]) -> list[int]:
        """The paused trials that no later trial can evict; see `Pruner`."""
        running = Counter(self._rung.get(trial, -1) for trial in under_way)
        promotable: list[int] = []
        coming = running[-1]
        for rung in range(len(self._capacities)):
            here = [trial for trial in paused if self._rung[trial] == rung]
            promotable += sorted(trial for trial in here if self._is_safe(trial, coming))
            coming += len(here) + running[rung]
        return promotable

    def expected_samples(self, rungs: Sequence[int], trials: int, full: int) -> int:
        """The capacities times the samples between the rungs; see `Pruner`."""
        below = [rung for rung in rungs if rung < full]
        legs = [end - start for start, end in zip([0, *below], [*below, full], strict=True)]
        counts = [trials, *self._capacities]
        return sum(min(count, trials) * leg for count, leg in zip(counts, legs, strict=False))

    def notes(self, trials: int) -> list[str]:
        """Advice if the least capacity holds all trials."""
        least = min(self._capacities, default=0)
        if not 1 < trials <= least:
            return []
        return [
            f"pruning.min_kept: none of the {trials} compared trials will be pruned, because"
            f" {least} are promoted at every rung; lower it or run more trials"
        ]

    def _is_safe(self, trial: int, coming: int) -> bool:
        """Whether a trial keeps its capacity if `coming` more trials are all better."""
        rung = self._rung[trial]
        scores = self._sorted[rung]
        better = len(scores) - bisect_right(scores, self._scores[rung][trial])
        return better + coming < self._capacities[rung]


class SuccessiveHalving(Halving):
    """Successive halving (Jamieson & Talwalkar 2016, arXiv 1502.07943)."""

    replayed_settings = ("grace_epochs", "reduction_factor", "rungs")
    _settings: HalvingPruning | None = None  # None for given capacities

    @classmethod
    def rung_epochs(cls, settings: HalvingPruning, epochs: int) -> list[float]:
        """Rungs at grace_epochs · η^r; see `Pruner`."""
        return geometric_rungs(float(settings.grace_epochs), settings.reduction_factor, epochs)

    @classmethod
    def from_settings(cls, settings: HalvingPruning, rungs: int, trials: int) -> Self:
        """A pruner without reports; see `Pruner`."""
        pruner = cls([0] * rungs)
        pruner._settings = settings
        pruner.expect(trials)
        return pruner

    def expect(self, trials: int) -> None:
        """Set the capacities for another number of trials; see `Pruner`."""
        if (settings := self._settings) is not None:
            rungs = len(self._capacities)
            least, factor = settings.min_kept, settings.reduction_factor
            self.resize(rung_capacities(trials, factor, rungs, least))


def rung_capacities(trials: int, reduction_factor: float, rungs: int, least: int) -> list[int]:
    """The number of trials that are promoted at each rung: ⌊n/η^r⌋, and never fewer than `least`.

    Args:
        trials: The number of compared trials, n.
        reduction_factor: η.
        rungs: The number of rungs.
        least: The least capacity.
    """
    # Rounded first, because 27 / 3.0**3 may be slightly below 1.
    shares = (round(trials / reduction_factor**r, 9) for r in range(1, rungs + 1))
    return [max(least, math.floor(share)) for share in shares]

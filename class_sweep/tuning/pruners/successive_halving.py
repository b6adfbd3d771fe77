"""Successive halving in its pausing form, which compares all trials with all before any goes on."""

import math
from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from class_sweep.tuning.pruners.pruner import PruningDecision


class SuccessiveHalving:
    """Successive halving (Jamieson & Talwalkar 2016, arXiv 1502.07943): the best K go on at a rung.

    A trial is paused while it is among the best K that came to the rung so far, and pruned once it
    is not, so at most K wait there (and those that tie with the K-th). Which trials go on depends
    on the scores alone and not, as in ASHA, on the order in which they came. With one rung it is
    Li and Jamieson's single elimination. A reference runs to its end and takes nobody's place.
    """

    def __init__(self, keep: Sequence[int]) -> None:
        """Take K of each rung, one at least."""
        self._keep = keep
        self._scores: list[dict[int, float]] = [{} for _ in keep]
        self._sorted: list[list[float]] = [[] for _ in keep]  # of each rung, rising
        self._rung: dict[int, int] = {}  # the last one at which a trial stands
        self._waiting: set[int] = set()

    @property
    def paused(self) -> frozenset[int]:
        """Those that have a place at the last rung they came to."""
        return frozenset(self._waiting)

    def decide(
        self, trial: int, rung: int, score: float, *, baseline: bool = False
    ) -> PruningDecision:
        """Compare with all that came before; see `Pruner`."""
        if baseline:
            return PruningDecision("continue", compared=False)
        scores = self._scores[rung]
        if trial in scores:
            return PruningDecision("pause" if trial in self._waiting else "prune", compared=False)
        compared = bool(scores)
        scores[trial] = score
        insort(self._sorted[rung], score)
        self._rung[trial] = rung
        self._waiting.add(trial)
        lost = {t for t in self._waiting if self._rung[t] == rung and not self._sure(t, coming=0)}
        self._waiting -= lost
        return PruningDecision("prune" if trial in lost else "pause", compared=compared)

    def promotable(self, paused: Collection[int], under_way: Iterable[int]) -> list[int]:
        """Those whose place none that is still to come can take; see `Pruner`."""
        running = Counter(self._rung.get(trial, -1) for trial in under_way)
        found: list[int] = []
        coming = running[-1]
        for rung in range(len(self._keep)):
            here = [trial for trial in paused if self._rung[trial] == rung]
            found += sorted(trial for trial in here if self._sure(trial, coming))
            coming += len(here) + running[rung]
        return found

    def _sure(self, trial: int, coming: int) -> bool:
        """Whether a trial has a place at its rung, were so many more to come and all be better."""
        rung = self._rung[trial]
        standing = self._sorted[rung]
        better = len(standing) - bisect_right(standing, self._scores[rung][trial])
        return better + coming < self._keep[rung]


def places(trials: int, reduction_factor: float, rungs: int, least: int) -> list[int]:
    """How many of so many trials go on at each rung: ⌊n/η^r⌋, but never less than `least`."""
    # Rounded first, since 27 / 3.0**3 may be a hair below 1.
    shares = (round(trials / reduction_factor**r, 9) for r in range(1, rungs + 1))
    return [max(least, math.floor(share)) for share in shares]

"""What a pruner would have saved, and what it would have cost, on recorded learning curves."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

import numpy as np

from class_sweep.config.pruning import PruningSettings
from class_sweep.errors import ResultsError
from class_sweep.results.curves import CurveTable
from class_sweep.statistics.rank_correlation import rank_correlation
from class_sweep.tuning.milestones import rung_epochs
from class_sweep.tuning.pruners.pruner import NoPruning
from class_sweep.tuning.pruners.registry import make_pruner
from class_sweep.tuning.replay.simulation import Played, Run, Source, play, reports_of


@dataclass(frozen=True)
class Replayed:
    """A pruner over many orders of a table's configurations.

    Attributes:
        samples: Mean share of the samples that the same search without pruning sees.
        time: Mean share of its wall time, on as many workers.
        regret: Mean regret: the best configuration's final score less that of the one selected,
            both as means over the seeds. The selected one finished with the best score under the
            one seed that the sweep saw it with; a reference is selected only where no other
            finished.
        worst_regret: The 90th percentile of the regret.
        best_kept: How often the best configuration came to its end.
    """

    samples: float
    time: float
    regret: float
    worst_regret: float
    best_kept: float


@dataclass(frozen=True)
class Rung:
    """How far the scores after some epochs of full data foretell the final ones.

    Attributes:
        epoch: Where the rung stands.
        configurations: That come to it, of all that were searched.
        correlation: Spearman's, with the final scores under the same seed; mean over the seeds.
    """

    epoch: int
    configurations: int
    correlation: float


@dataclass(frozen=True)
class Search:
    """One sweep to be replayed: what chance does to its trials, and how it comes by them.

    Attributes:
        seeds: Configuration to the recorded seed that its trial has.
        trials: How many, without references.
        source: Makes its trials, of what each configuration reports.
    """

    seeds: Mapping[int, int]
    trials: int
    source: Callable[[Mapping[int, Run]], Source]


def replay(
    table: CurveTable, searches: Sequence[Search], prunings: Sequence[PruningSettings], workers: int
) -> list[Replayed]:
    """Run every pruner over every search, beside the same search without pruning.

    Raises:
        ResultsError: If no configuration of a search finished.
    """
    unpruned = _runs(table, [])
    full = [play(one.source(_drawn(one, unpruned)), NoPruning(), workers) for one in searches]
    found = []
    for pruning in prunings:
        rungs = rung_epochs(pruning, table.epochs)
        runs = _runs(table, rungs)
        pruned = [
            play(
                one.source(_drawn(one, runs)), make_pruner(pruning, len(rungs), one.trials), workers
            )
            for one in searches
        ]
        found.append(_summed_up(table, full, pruned))
    return found


def _runs(table: CurveTable, rungs: Sequence[float]) -> dict[tuple[int, int], Run]:
    """What each configuration reports at the rungs under each seed."""
    return {
        (one.number, seed): Run(one, reports_of(curve, rungs))
        for one in table.configurations
        for seed, curve in one.curves.items()
    }


def _drawn(search: Search, runs: Mapping[tuple[int, int], Run]) -> dict[int, Run]:
    return {number: runs[number, seed] for number, seed in search.seeds.items()}


def _summed_up(table: CurveTable, full: Sequence[Played], pruned: Sequence[Played]) -> Replayed:
    means = {one.number: one.mean for one in table.configurations}
    searched = {one.number for one in table.searched}
    best = max(searched, key=lambda number: (means[number], -number))
    regrets = [means[best] - means[_selected(played, searched)] for played in pruned]
    both = list(zip(pruned, full, strict=True))
    return Replayed(
        samples=fmean(played.samples / whole.samples for played, whole in both),
        time=fmean(played.time / whole.time for played, whole in both),
        regret=fmean(regrets),
        worst_regret=float(np.percentile(regrets, 90)),
        best_kept=fmean(best in played.finished for played in pruned),
    )


def _selected(played: Played, searched: Set[int]) -> int:
    """The configuration that a sweep would hand back: the best finished, the first of equals."""
    if not played.finished:
        raise ResultsError("a replayed search must finish a configuration, got none that did")
    found = [number for number in played.finished if number in searched]
    return max(found or played.finished, key=lambda number: played.finished[number])


def rungs_of(table: CurveTable) -> list[Rung]:
    """How far each epoch of full data foretells the end, over the searched configurations."""
    found = []
    for epoch in range(1, table.epochs):
        correlations: list[float | None] = []
        standing = 0
        for seed in table.seeds:
            pairs = [
                (point.score, final)
                for one in table.searched
                if (final := one.final(seed)) is not None
                for point in one.curves[seed]
                if point.epoch == epoch
            ]
            standing = max(standing, len(pairs))
            correlations.append(_correlation(pairs))
        known = [correlation for correlation in correlations if correlation is not None]
        if known:
            found.append(Rung(epoch, standing, fmean(known)))
    return found


def between_seeds(table: CurveTable) -> float | None:
    """Spearman's correlation of final scores under one seed with those under another.

    No rung can be asked to foretell more; None where there is one seed.
    """
    found = []
    for a, b in combinations(table.seeds, 2):
        pairs = [(one.final(a), one.final(b)) for one in table.searched]
        found.append(_correlation([(x, y) for x, y in pairs if x is not None and y is not None]))
    known = [correlation for correlation in found if correlation is not None]
    return fmean(known) if known else None


def _correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    if len(pairs) < 3:  # of two, any correlation is ±1
        return None
    a, b = np.array(pairs).T
    return rank_correlation(a, b)

"""Replay of pruners on recorded learning curves: the samples that they save, and the regret."""

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from statistics import fmean

import numpy as np

from class_sweep.config.document import Space
from class_sweep.config.pruning import NoPruning, PruningSettings, RungPruning
from class_sweep.config.search_groups import Group
from class_sweep.errors import ResultsError
from class_sweep.results.callback import Callback
from class_sweep.results.curves import Configuration, CurveTable, Point
from class_sweep.statistics.rank_correlation import rank_correlation
from class_sweep.tuning.ledger import MemoryLog, TrialLedger
from class_sweep.tuning.pruner_groups import PrunerGroups
from class_sweep.tuning.pruners.pruner import make_pruner, rung_epochs
from class_sweep.tuning.replay.table_study import CONFIGURATION, OrderedStudy, SampledStudy
from class_sweep.tuning.simulate import Simulation
from class_sweep.tuning.study import Study
from class_sweep.tuning.trial import TrialReport
from class_sweep.tuning.tuner import Limits, SweepTuner

Curves = Mapping[tuple[int, int], Sequence[TrialReport]]
"""Configuration and seed to the reports of that trial."""


@dataclass(frozen=True)
class SimulatedSearch:
    """One search to be simulated.

    Attributes:
        seeds: Configuration to the recorded seed of its trial.
        group_sizes: The number of trials of each share, or of all together, without baselines.
        open_study: Opens its study, without reports.
    """

    seeds: Mapping[int, int]
    group_sizes: Mapping[Group, int]
    open_study: Callable[[], Study]


def searches(
    table: CurveTable, space: Space | None, orders: int, trials: int, seed: int
) -> list[SimulatedSearch]:
    """Searches over a table: the baselines first, then `trials` of its other configurations.

    Each trial draws one of the table's seeds independently: a table of three seeds thus gives far
    more than three searches. All draws depend on `seed` and the number of the search alone.

    Args:
        table: The recorded curves.
        space: The space of a sampler that learns; None for a random order.
        orders: The number of searches.
        trials: The number of trials of each, without baselines.
        seed: The seed of the orders.
    """
    simulated: list[SimulatedSearch] = []
    for order in range(orders):
        generator = random.Random(f"{seed}/{order}")  # noqa: S311 - no secret
        seeds = {row.number: generator.choice(table.seeds) for row in table.configurations}
        if space is None:
            drawn = generator.sample(table.searched, trials)
            sizes: Mapping[Group, int] = Counter(row.share for row in drawn)
            ordered = partial(OrderedStudy, (*table.baselines, *drawn))
            simulated.append(SimulatedSearch(seeds, sizes, ordered))
            continue
        changes = {"seed": seed * 1009 + order, "trials": trials}
        search = space.settings.search.model_copy(update=changes)
        settings = space.settings.model_copy(update={"search": search})
        reseeded = space.changed(settings=settings)
        study = partial(SampledStudy, table, reseeded)
        simulated.append(SimulatedSearch(seeds, {None: trials}, study))
    return simulated


@dataclass(frozen=True)
class SearchOutcome:
    """The outcome of a simulated search.

    Attributes:
        samples: The samples of all trials.
        time: The time of the last end of a trial, in samples of one worker.
        finished: The final score of each complete configuration, in the order of the ends; higher
            is better.
    """

    samples: int
    time: int
    finished: dict[int, float]


def run_search(
    table: CurveTable,
    search: SimulatedSearch,
    pruners: PrunerGroups,
    curves: Curves,
    workers: int,
) -> SearchOutcome:
    """Simulate one search.

    Args:
        table: The recorded curves.
        search: The search.
        pruners: The pruners, without reports.
        curves: The reports of the configurations; see `curves_at`.
        workers: The number of trials at a time.
    """
    log = MemoryLog()
    ledger = TrialLedger(log, Callback())
    limits = Limits(slots=lambda _: workers)
    tuner = SweepTuner(table.objective, search.open_study(), ledger, pruners, limits=limits)
    rows = {number: curves[number, seed] for number, seed in search.seeds.items()}
    simulation = Simulation(tuner, lambda trial: rows[int(trial.config[CONFIGURATION])])
    simulation.run()
    return SearchOutcome(
        samples=sum(trial.last.samples for trial in ledger.trials() if trial.last),
        time=simulation.time,
        finished={
            int(record.config[CONFIGURATION]): table.objective.sign * (record.objective or 0.0)
            for record in log.records
            if record.decision == "finish"
        },
    )


def curves_at(table: CurveTable, rungs: Sequence[float], *, own_schedule: bool = False) -> Curves:
    """The reports of each configuration under each seed.

    Args:
        table: The recorded curves.
        rungs: The epochs at which the rungs stand for full data.
        own_schedule: Whether they stand at the same fractions of each trial's own schedule.
    """
    return {
        (row.number, seed): reports_of(
            table, curve, rungs, total=_total(row) if own_schedule else None
        )
        for row in table.configurations
        for seed, curve in row.curves.items()
    }


def reports_of(
    table: CurveTable, curve: Sequence[Point], rungs: Sequence[float], *, total: int | None = None
) -> list[TrialReport]:
    """The reports of a recorded trial at rungs, and at its end or its failure.

    Each rung at equal samples is at the first recorded report that reaches it. A rung of the own
    schedule is interpolated, see `point_at`. If one report reaches two rungs, the later counts.

    Args:
        table: The recorded curves.
        curve: The curve of the trial.
        rungs: The epochs at which the rungs stand for full data.
        total: The samples of the complete trial, for rungs at fractions of its own schedule; None
            for rungs at equal samples.
    """
    at_rungs: dict[int, tuple[Point, int | None]] = {}
    for rung, epoch in enumerate(rungs):
        if total is None:
            point = next((point for point in curve if point.epoch >= epoch), None)
        else:
            point = point_at(curve, total * epoch / table.epochs)
        if point is not None and point.samples < curve[-1].samples:
            at_rungs[point.samples] = point, rung
    # Without a last report the trial has failed after its last recorded one.
    kept = [*at_rungs.values(), (curve[-1], None)]
    return [
        TrialReport(
            report=number,
            step=0,
            samples=point.samples,
            rung=rung,
            last=point.last,
            metrics={table.objective.metric: table.objective.sign * point.score},
            loss=None,
            failure=None if point.last or rung is not None else "the recorded trial failed",
        )
        for number, (point, rung) in enumerate(kept)
    ]


def point_at(curve: Sequence[Point], samples: float) -> Point | None:
    """The point of a curve at a number of samples, on the line between two recorded reports.

    Before the first report it is that one; after the last there is none.
    """
    after = next((i for i, point in enumerate(curve) if point.samples >= samples), None)
    if not after:  # none, or the first
        return None if after is None else curve[0]
    low, high = curve[after - 1], curve[after]
    if high.samples == samples:
        return high
    share = (samples - low.samples) / (high.samples - low.samples)
    score = low.score + share * (high.score - low.score)
    return Point(low.epoch, math.ceil(samples), score, last=False)


def _total(row: Configuration) -> int:
    """The samples of a complete trial: equal under all seeds, less where a trial failed."""
    return max(curve[-1].samples for curve in row.curves.values())


@dataclass(frozen=True)
class PrunerOutcome:
    """The mean outcome of a pruner over many searches of a table.

    Attributes:
        samples: Mean fraction of the samples that the same search without pruning sees.
        time: Mean fraction of its wall time, on as many workers.
        regret: Mean regret: the final score of the best configuration less that of the selected
            one, both as means over the seeds. A search selects the configuration that finished
            with the best score under the one seed of its trial, and a baseline only if no other
            configuration finished.
        worst_regret: The 90th percentile of the regret.
        best_kept: How often the best configuration finished.
    """

    samples: float
    time: float
    regret: float
    worst_regret: float
    best_kept: float


def replay(
    table: CurveTable,
    searches: Sequence[SimulatedSearch],
    prunings: Sequence[PruningSettings],
    workers: int,
) -> list[PrunerOutcome]:
    """Run every pruner over every search, beside the same search without pruning.

    Raises:
        ResultsError: If no configuration of a search finished.
    """
    unpruned = curves_at(table, [])
    full = [
        run_search(table, search, _groups(search, NoPruning(kind="none"), 0), unpruned, workers)
        for search in searches
    ]
    outcomes = []
    for pruning in prunings:
        rungs = rung_epochs(pruning, table.epochs)
        own_schedule = isinstance(pruning, RungPruning) and pruning.follow_the_schedule
        curves = curves_at(table, rungs, own_schedule=own_schedule)
        pruned = [
            run_search(table, search, _groups(search, pruning, len(rungs)), curves, workers)
            for search in searches
        ]
        outcomes.append(_mean_outcome(table, full, pruned))
    return outcomes


def _groups(search: SimulatedSearch, pruning: PruningSettings, rungs: int) -> PrunerGroups:
    """The pruners of a search, one for each share."""
    return PrunerGroups({g: make_pruner(pruning, rungs, n) for g, n in search.group_sizes.items()})


def _mean_outcome(
    table: CurveTable, full: Sequence[SearchOutcome], pruned: Sequence[SearchOutcome]
) -> PrunerOutcome:
    means = {row.number: row.mean for row in table.configurations}
    searched = {row.number for row in table.searched}
    best = max(searched, key=lambda number: (means[number], -number))
    regrets = [means[best] - means[_selected(outcome, searched)] for outcome in pruned]
    outcome_pairs = list(zip(pruned, full, strict=True))
    return PrunerOutcome(
        samples=fmean(outcome.samples / whole.samples for outcome, whole in outcome_pairs),
        time=fmean(outcome.time / whole.time for outcome, whole in outcome_pairs),
        regret=fmean(regrets),
        worst_regret=float(np.percentile(regrets, 90)),
        best_kept=fmean(best in outcome.finished for outcome in pruned),
    )


def _selected(outcome: SearchOutcome, searched: Set[int]) -> int:
    """The configuration that a sweep would return: the best finished, the first of equals."""
    if not outcome.finished:
        raise ResultsError("a replayed search must finish a configuration, got none that did")
    candidates = [number for number in outcome.finished if number in searched]
    return max(candidates or outcome.finished, key=lambda number: outcome.finished[number])


@dataclass(frozen=True)
class RungCorrelation:
    """The rank correlation of the scores at a rung with the final ones.

    Each is Spearman's, with the final scores under the same seed; the mean over the seeds.

    Attributes:
        epoch: The epochs of full data.
        configurations: The searched configurations that reach the rung at equal samples.
        correlation: At equal samples.
        own_schedule: Of all searched configurations, at the same fraction of their own schedules.
    """

    epoch: int
    configurations: int
    correlation: float
    own_schedule: float | None


def rung_correlations(table: CurveTable) -> list[RungCorrelation]:
    """The rank correlation of each epoch of full data with the end, over all searched rows."""
    rungs = []
    for epoch in range(1, table.epochs):
        meet = [_scores(table, seed, partial(_at_epoch, epoch)) for seed in table.seeds]
        own = [
            _scores(table, seed, partial(_at_fraction, epoch / table.epochs))
            for seed in table.seeds
        ]
        correlation = _mean_correlation(meet)
        if correlation is not None:
            most = max(map(len, meet))
            rungs.append(RungCorrelation(epoch, most, correlation, _mean_correlation(own)))
    return rungs


def _scores(
    table: CurveTable, seed: int, at_rung: Callable[[Configuration, Sequence[Point]], Point | None]
) -> list[tuple[float, float]]:
    """The score at a rung and the final one of each searched configuration that has both."""
    scores = []
    for row in table.searched:
        point, final = at_rung(row, row.curves[seed]), row.final(seed)
        if point is not None and final is not None:
            scores.append((point.score, final))
    return scores


def _at_epoch(epoch: int, _: Configuration, curve: Sequence[Point]) -> Point | None:
    return next((point for point in curve if point.epoch == epoch), None)


def _at_fraction(fraction: float, row: Configuration, curve: Sequence[Point]) -> Point | None:
    return point_at(curve, fraction * _total(row))


def _mean_correlation(by_seed: Sequence[Sequence[tuple[float, float]]]) -> float | None:
    defined = [c for scores in by_seed if (c := _correlation(scores)) is not None]
    return fmean(defined) if defined else None


def correlation_between_seeds(table: CurveTable) -> float | None:
    """Spearman's correlation of final scores under one seed with those under another.

    No rung can predict more. None for a table of one seed.
    """
    correlations = []
    for a, b in combinations(table.seeds, 2):
        pairs = [(row.final(a), row.final(b)) for row in table.searched]
        correlations.append(
            _correlation([(x, y) for x, y in pairs if x is not None and y is not None])
        )
    defined = [correlation for correlation in correlations if correlation is not None]
    return fmean(defined) if defined else None


def _correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    if len(pairs) < 3:  # the correlation of two pairs is always ±1
        return None
    a, b = np.array(pairs).T
    return rank_correlation(a, b)

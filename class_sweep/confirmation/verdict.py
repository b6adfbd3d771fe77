"""The verdict of a confirmation, computed from its runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from class_sweep.config.document import Space
from class_sweep.config.objective import metric_names, metric_resolution
from class_sweep.confirmation.arms import Arm, ConfirmationPlan
from class_sweep.confirmation.claims import claims, frontier_claim, sentences
from class_sweep.confirmation.winner import choose_winner
from class_sweep.errors import ResultsError
from class_sweep.results.confirmation_log import ConfirmationRun, Ranks
from class_sweep.results.json_files import Interval
from class_sweep.results.verdict import (
    ArmResult,
    ComparisonFigures,
    ComparisonVerdict,
    FailedRun,
    FrontierPoint,
    MetricComparison,
    MetricSpread,
    Rule,
    SharedArm,
    Verdict,
)
from class_sweep.statistics.comparisons import Comparison
from class_sweep.statistics.interim_looks import ALPHA, BETTER_SHARE
from class_sweep.statistics.paired import PairedDifferences
from class_sweep.statistics.seeds_and_queries import intervals
from class_sweep.statistics.sequential import ComparisonStatus, Progress

UNCORRECTED = 0.05  # error of the intervals that are not corrected for other comparisons


@dataclass(frozen=True)
class Evidence:
    """The runs of a confirmation.

    Attributes:
        seeds: The seeds, in their order.
        runs: (arm, number of the seed) to the run.
        ranks: Reads the ranks of a run by its identity.
    """

    seeds: list[int]
    runs: Mapping[tuple[str, int], ConfirmationRun]
    ranks: Callable[[str], Ranks]

    def of(self, arm: str, n: int) -> list[ConfirmationRun]:
        """The runs of an arm under the first n seeds."""
        return [self.runs[arm, number] for number in range(n)]

    def finished(self, arm: str, number: int) -> bool:
        """Whether an arm has a finished run under a seed."""
        run = self.runs.get((arm, number))
        return run is not None and run.reason is None

    def stacked(self, arm: str, n: int) -> dict[str, NDArray[np.float32]]:
        """(n, Q) ranks of an arm under the first n seeds, for each `pool/direction`."""
        runs = self.of(arm, n)
        by_seed = [self.ranks(run.identity) for run in runs]
        for name in by_seed[0]:
            if len({ranks[name].size for ranks in by_seed}) > 1:
                raise ResultsError(
                    f"the runs of {arm} must have ranked the same queries: the ranks of"
                    f" {', '.join(run.identity for run in runs)} are of several lengths"
                )
        return {name: np.stack([ranks[name] for ranks in by_seed]) for name in by_seed[0]}


def make_verdict(
    space: Space,
    plan: ConfirmationPlan,
    progress: Progress,
    evidence: Evidence,
    full_samples: int,
    *,
    trials: int,
) -> Verdict:
    """Every figure of a confirmation, its winner, and the claims as text.

    Args:
        space: The search space.
        plan: The arms and their comparisons.
        progress: What the interim looks decided.
        evidence: The runs.
        full_samples: Samples of one run over the full data.
        trials: The number of trials that the finalists were chosen from.
    """
    settings = space.settings.confirm
    figures = [
        _comparison(space, plan, c, progress.statuses[c], evidence) for c in plan.comparisons
    ]
    words = claims(figures, space.objective.metric, margin=settings.margin)
    pairs = [
        ComparisonVerdict(**dict(pair), words=text)
        for pair, text in zip(figures, words, strict=True)
    ]
    winner = choose_winner(space, plan, pairs, progress.leader)
    points = _frontier(space, plan, evidence)
    return Verdict(
        objective=str(space.objective),
        metric=space.objective.metric,
        rule=Rule(
            alpha=ALPHA,
            better_share=BETTER_SHARE,
            seeds=settings.seeds,
            max_seeds=settings.max_seeds,
            margin=settings.margin,
            prefer=settings.prefer,
        ),
        seeds=evidence.seeds[: max((pair.seeds for pair in pairs), default=0)],
        runs=len(evidence.runs),
        failed=[
            FailedRun(arm=run.arm, seed=run.seed, reason=run.reason)
            for run in evidence.runs.values()
            if run.reason
        ],
        samples=sum(run.samples for run in evidence.runs.values()),
        finalists=plan.finalists,
        arms=[_arm(space, arm, evidence, full_samples) for arm in plan.arms.values()],
        pairs=pairs,
        same=[
            SharedArm(finalist=finalist, control=kind, arm=arm)
            for (finalist, kind), arm in plan.same.items()
        ],
        winner=winner,
        enough=_enough(pairs),
        words=[
            winner.words,
            *sentences(pairs),
            *frontier_claim(points, space.objective.metric),
        ],
        frontier=points,
        trials=trials,
    )


def _arm(space: Space, arm: Arm, evidence: Evidence, full_samples: int) -> ArmResult:
    finished = [
        run
        for (name, _), run in sorted(evidence.runs.items())
        if name == arm.name and run.reason is None
    ]
    seconds = [run.seconds for run in finished]
    return ArmResult(
        arm=arm.name,
        trial=arm.trial,
        config=arm.values,
        curriculum=space.resolve(arm.values).curriculum.model_dump(mode="json"),
        samples=arm.samples,
        share_of_full_data=round(arm.samples / full_samples, 4),
        seconds=round(float(np.mean(seconds)), 3) if seconds else None,
        seeds=[run.seed for run in finished],
        metrics={
            name: _spread([run.metrics[name] for run in finished]) for name in _metrics_of(finished)
        },
    )


def _metrics_of(runs: Sequence[ConfirmationRun]) -> list[str]:
    """The metrics that all runs have; runs of version 0.2 lack the mean log rank."""
    return [name for name in metric_names() if runs and all(name in run.metrics for run in runs)]


def _spread(values: Sequence[float]) -> MetricSpread:
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return MetricSpread(mean=float(np.mean(values)), sd=sd)


def _comparison(
    space: Space,
    plan: ConfirmationPlan,
    comparison: Comparison,
    status: ComparisonStatus,
    evidence: Evidence,
) -> ComparisonFigures:
    metric, seeds = space.objective.metric, status.seeds
    finalist, control = plan.arms[comparison.finalist], plan.arms[comparison.control]
    figures = ComparisonFigures(
        finalist=comparison.finalist,
        control=comparison.kind,
        arm=comparison.control,
        outcome=status.outcome,
        closed=status.closed,
        seeds=seeds,
        level=status.level,
        p_adjusted=status.p_adjusted,
        p_ni_adjusted=status.p_ni_adjusted,
        seeds_needed=status.seeds_needed,
        non_inferior=status.non_inferior,
        samples_share=finalist.samples / control.samples,
        time_share=None,
        generalises=False,
        queries=0,
        metrics={},
    )
    if status.differences and status.closed != "failed":
        ranks = [evidence.stacked(arm, seeds) for arm in (finalist.name, control.name)]
        runs = [evidence.of(arm, seeds) for arm in (finalist.name, control.name)]
        over_queries = intervals(*ranks)
        queries = next(iter(ranks[0].values())).shape[1]
        metrics = {
            name: compared(runs[0], runs[1], name, status.level, queries, over_queries[name])
            for name in _metrics_of([*runs[0], *runs[1]])
        }
        # The test's own interval; those of the other metrics have no moderated variance.
        tested = status.differences.test_interval(status.level)
        metrics[metric] = metrics[metric].model_copy(
            update={"interval": tested if space.objective.sign > 0 else (-tested[1], -tested[0])}
        )
        seconds = [sum(run.seconds for run in of_arm) for of_arm in runs]
        low, high = (space.objective.sign * end for end in over_queries[metric])
        confirmed = {"better": min(low, high) > 0, "worse": max(low, high) < 0, "open": False}
        figures = figures.model_copy(
            update={
                "time_share": seconds[0] / seconds[1] if seconds[1] else None,
                "generalises": confirmed[status.outcome],
                "queries": queries,
                "metrics": metrics,
            }
        )
    return figures


def compared(
    finalist: Sequence[ConfirmationRun],
    control: Sequence[ConfirmationRun],
    metric: str,
    level: float,
    queries: int,
    over_queries: Interval,
) -> MetricComparison:
    """Compare a metric of two arms under the same seeds.

    Args:
        finalist: Runs of the finalist, by seed.
        control: Runs of the control under the same seeds.
        metric: `pool/[direction/]metric`.
        level: Error of the claim's interval.
        queries: Queries per run.
        over_queries: 95 % interval over seeds and queries.
    """
    values = [[run.metrics[metric] for run in runs] for runs in (finalist, control)]
    paired = PairedDifferences.of(values[0], values[1], metric_resolution(metric, queries))
    return MetricComparison(
        finalist=float(np.mean(values[0])),
        control=float(np.mean(values[1])),
        difference=paired.mean,
        sd=paired.sd,
        interval=paired.interval(level),
        t=paired.interval(UNCORRECTED),
        over_queries=over_queries,
    )


def _frontier(space: Space, plan: ConfirmationPlan, evidence: Evidence) -> list[FrontierPoint]:
    """The arms of the frontier against full data, each with two seeds or more."""
    if plan.frontier is None:
        return []
    metric, full, points = space.objective.metric, plan.frontier.full_data, []
    for arm in plan.frontier.stopped:
        numbers = [
            number
            for number in range(len(evidence.seeds))
            if evidence.finished(arm, number) and evidence.finished(full, number)
        ]
        if len(numbers) < 2:
            continue
        stopped, whole = ([evidence.runs[a, number] for number in numbers] for a in (arm, full))
        queries = next(iter(evidence.ranks(stopped[0].identity).values())).size
        paired = PairedDifferences.of(
            [run.metrics[metric] for run in stopped],
            [run.metrics[metric] for run in whole],
            metric_resolution(metric, queries),
        )
        seconds = sum(run.seconds for run in whole)
        points.append(
            FrontierPoint(
                arm=arm,
                full_data=full,
                samples_share=plan.arms[arm].samples / plan.arms[full].samples,
                time_share=sum(run.seconds for run in stopped) / seconds if seconds else None,
                seeds=len(numbers),
                difference=paired.mean,
                interval=paired.interval(UNCORRECTED),
            )
        )
    return points


def _enough(pairs: Sequence[ComparisonVerdict]) -> int | None:
    """The first look that may decide each open comparison with the first control that one may."""
    first = [p for p in pairs if p.control == pairs[0].control and p.closed != "trailing"]
    undecided = [p for p in first if p.outcome == "open" and not p.non_inferior]
    return max((p.seeds_needed for p in undecided if p.seeds_needed), default=None)

"""`verdict.json`: what the runs of a confirmation show, as plain values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from class_sweep.config.confirm import LOOKS
from class_sweep.config.document import Space
from class_sweep.config.objective import metric_names
from class_sweep.confirmation.arms import Arm, Arms
from class_sweep.results.confirmation_log import ConfirmationRun, Ranks
from class_sweep.results.json_files import Interval
from class_sweep.results.verdict import (
    ArmResult,
    ComparisonFigures,
    ComparisonVerdict,
    FailedRun,
    MetricComparison,
    MetricSpread,
    Rule,
    SharedArm,
    Verdict,
    Winner,
)
from class_sweep.statistics import claims
from class_sweep.statistics.interim_looks import ALPHA
from class_sweep.statistics.paired import Paired
from class_sweep.statistics.sequential import Pair, Progress, Standing
from class_sweep.statistics.two_way_bootstrap import intervals

PLAIN = 0.05  # the error of the intervals that are not corrected


@dataclass(frozen=True)
class Evidence:
    """What was run.

    Attributes:
        seeds: Of the confirmation, in their order.
        runs: The run of an arm under a seed's number, for all that were made.
        ranks: A run's identity to its ranks.
    """

    seeds: list[int]
    runs: Mapping[tuple[str, int], ConfirmationRun]
    ranks: Callable[[str], Ranks]

    def of(self, arm: str, n: int) -> list[ConfirmationRun]:
        """An arm's runs under the first n seeds."""
        return [self.runs[arm, number] for number in range(n)]

    def stacked(self, arm: str, n: int) -> dict[str, NDArray[np.float32]]:
        """(n, Q) ranks of an arm under the first n seeds, for each `pool/direction`."""
        each = [self.ranks(run.identity) for run in self.of(arm, n)]
        return {name: np.stack([ranks[name] for ranks in each]) for name in each[0]}


def make_verdict(
    space: Space, arms: Arms, progress: Progress, evidence: Evidence, full_samples: int
) -> Verdict:
    """Every figure of a confirmation, its winner, and both in words.

    Args:
        space: Of the sweep.
        arms: What was compared.
        progress: What the interim looks decided.
        evidence: The runs.
        full_samples: Samples of one run over the full data.
    """
    pairs = [_pair(space, arms, pair, progress.standings[pair], evidence) for pair in arms.pairs]
    winner = _winner(space, arms, pairs)
    wanted = space.settings.confirm
    return Verdict(
        objective=str(space.objective),
        metric=space.objective.metric,
        rule=Rule(alpha=ALPHA, seeds=wanted.seeds, max_seeds=wanted.max_seeds),
        seeds=evidence.seeds[: max((pair.seeds for pair in pairs), default=0)],
        runs=len(evidence.runs),
        failed=[
            FailedRun(arm=run.arm, seed=run.seed, reason=run.reason)
            for run in evidence.runs.values()
            if run.reason
        ],
        samples=sum(run.samples for run in evidence.runs.values()),
        finalists=arms.finalists,
        arms=[_arm(space, arm, evidence, full_samples) for arm in arms.arms.values()],
        pairs=pairs,
        same=[
            SharedArm(finalist=finalist, control=kind, arm=arm)
            for (finalist, kind), arm in arms.same.items()
        ],
        winner=winner,
        enough=_enough(pairs),
        words=[winner.words, *(f"{pair.finalist}: {pair.words}" for pair in pairs)],
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
            name: _spread([run.metrics[name] for run in finished])
            for name in metric_names()
            if finished
        },
    )


def _spread(values: Sequence[float]) -> MetricSpread:
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return MetricSpread(mean=float(np.mean(values)), sd=sd)


def _pair(
    space: Space, arms: Arms, pair: Pair, standing: Standing, evidence: Evidence
) -> ComparisonVerdict:
    metric, seeds = space.objective.metric, standing.seeds
    finalist, control = arms.arms[pair.finalist], arms.arms[pair.control]
    figures = ComparisonFigures(
        finalist=pair.finalist,
        control=pair.kind,
        arm=pair.control,
        outcome=standing.outcome,
        closed=standing.closed,
        seeds=seeds,
        level=standing.level,
        p_adjusted=standing.adjusted,
        seeds_needed=standing.seeds_needed,
        samples_share=finalist.samples / control.samples,
        time_share=None,
        generalises=False,
        queries=0,
        metrics={},
    )
    if seeds and standing.closed != "failed":
        ranks = [evidence.stacked(arm, seeds) for arm in (pair.finalist, pair.control)]
        bootstrap = intervals(*ranks)
        runs = [evidence.of(arm, seeds) for arm in (pair.finalist, pair.control)]
        seconds = [sum(run.seconds for run in of_arm) for of_arm in runs]
        low, high = (space.objective.sign * end for end in bootstrap[metric])
        confirmed = {"better": min(low, high) > 0, "worse": max(low, high) < 0, "open": False}
        figures = figures.model_copy(
            update={
                "time_share": seconds[0] / seconds[1] if seconds[1] else None,
                "generalises": confirmed[standing.outcome],
                "queries": next(iter(ranks[0].values())).shape[1],
                "metrics": {
                    name: compared(runs[0], runs[1], name, standing.level, bootstrap[name])
                    for name in metric_names()
                },
            }
        )
    return ComparisonVerdict(**dict(figures), words=claims.sentence(figures, metric))


def compared(
    finalist: Sequence[ConfirmationRun],
    control: Sequence[ConfirmationRun],
    metric: str,
    level: float,
    bootstrap: Interval,
) -> MetricComparison:
    """Compare a metric of two arms under the same seeds.

    Args:
        finalist: Runs of the finalist, by seed.
        control: Runs of the control under the same seeds.
        metric: `pool/[direction/]metric`.
        level: Error of the claim's interval.
        bootstrap: 95 % interval of the bootstrap over seeds and queries.
    """
    values = [[run.metrics[metric] for run in runs] for runs in (finalist, control)]
    paired = Paired.of(*values)
    return MetricComparison(
        finalist=float(np.mean(values[0])),
        control=float(np.mean(values[1])),
        difference=paired.mean,
        sd=paired.sd,
        interval=paired.interval(level),
        t=paired.interval(PLAIN),
        bootstrap=bootstrap,
    )


def _enough(pairs: Sequence[ComparisonVerdict]) -> int | None:
    """The first interim look that may decide every open pair of the first control."""
    undecided = [p for p in pairs if p.control == pairs[0].control and p.outcome == "open"]
    needed = [pair.seeds_needed or LOOKS[-1] + 1 for pair in undecided]
    return next((look for look in LOOKS if needed and look >= max(needed)), None)


def _winner(space: Space, arms: Arms, pairs: Sequence[ComparisonVerdict]) -> Winner:
    """The configuration to use: the best confirmed finalist, otherwise full data."""
    if not arms.pairs:
        words = "There is nothing to confirm: no finished trial differs from its controls."
        return Winner(arm=None, confirmed=False, words=words)
    metric, sign = space.objective.metric, space.objective.sign
    first = arms.pairs[0].kind
    better = [p for p in pairs if p.control == first and p.outcome == "better" and p.generalises]
    if better:
        best = max(better, key=lambda pair: sign * pair.metrics[metric].finalist)
        return Winner(arm=best.finalist, confirmed=True, words=f"{best.finalist} is {best.words}")
    none_better = f"No finalist was shown to be better than {claims.control(first)}"
    full = next((pair.control for pair in arms.pairs if pair.kind == "full_data"), None)
    if full is not None:
        words = f"{none_better}, so best.yaml is full data's."
        return Winner(arm=full, confirmed=False, words=words)
    return Winner(
        arm=arms.finalists[0],
        confirmed=False,
        words=f"{none_better}; best.yaml is the sweep's best all the same, unconfirmed.",
    )

"""`verdict.json`: the result of the paired runs of a confirmation."""

from typing import Literal

from pydantic import AliasChoices, Field, JsonValue

from class_sweep.config.confirm import Preference
from class_sweep.results.json_files import Config, Interval, ResultsModel

Outcome = Literal["better", "worse", "open"]
"""The outcome of a finalist against a control; `open` while they are not told apart."""

Closed = Literal[
    "decided",
    "lost",
    "failed",
    "hopeless",
    "trailing",
    "cap",
    "skipped",
    "behind",
    "dropped",
    "time",
]
"""Why a comparison gets no more seeds: it is decided; its finalist is worse than the first control;
a run failed; the seeds that are still allowed are unlikely to show that its finalist is better, or
that its finalist overtakes one that is better already; it has all allowed seeds;
its finalist was not shown to be better than the first control, so its runs were not made; another
better finalist has a higher mean, so its further runs were not made; its finalist is no longer
among `confirm.finalists`; `search.hours` left no time for its next runs."""

OVER_QUERIES = AliasChoices("over_queries", "bootstrap")
"""The keys of the interval over seeds and queries; version 0.2 computed it by a bootstrap."""


class Rule(ResultsModel):
    """The decision rule of a confirmation.

    Attributes:
        alpha: Probability of any false claim if nothing differs.
        better_share: Share of each error that is for "better" and "not worse"; the rest is for
            "worse". Tests of earlier versions had equal tails.
        seeds: Seeds of every pair before it may be closed as hopeless or trailing.
        max_seeds: The last interim look.
        margin: Loss within which a finalist counts as not worse, as `confirm.margin`; None without.
        prefer: Which finalist wins, as `confirm.prefer`.
    """

    alpha: float
    better_share: float = 0.5
    seeds: int
    max_seeds: int
    margin: float | None = None
    prefer: Preference = "quality"


class FailedRun(ResultsModel):
    """A confirmation run that failed, and why."""

    arm: str
    seed: int
    reason: str


class MetricSpread(ResultsModel):
    """Mean and sample standard deviation of a metric over seeds; `sd` is None for one seed."""

    mean: float
    sd: float | None


class ArmResult(ResultsModel):
    """All runs of one arm.

    Attributes:
        arm: Name of the arm.
        trial: Number of the trial that the arm retrains; None for a control.
        config: Dotted path to value.
        curriculum: The complete curriculum settings, for other programs; never read back.
        samples: Samples seen by one run.
        share_of_full_data: `samples` as a fraction of the samples of full data.
        seconds: Mean wall time of a run; None if every run failed.
        seeds: Seeds of the finished runs.
        metrics: Metric name to its spread over these seeds.
    """

    arm: str
    trial: int | None
    config: Config
    curriculum: dict[str, JsonValue]
    samples: int
    share_of_full_data: float
    seconds: float | None
    seeds: list[int]
    metrics: dict[str, MetricSpread]


class MetricComparison(ResultsModel):
    """One metric of a finalist and a control under the same seeds.

    Attributes:
        finalist: Mean of the finalist, in the metric's unit.
        control: Mean of the control.
        difference: Finalist − control.
        sd: Sample standard deviation of the differences.
        interval: Paired-t interval at the error of the claim (`ComparisonFigures.level`).
        t: 95 % paired-t interval.
        over_queries: 95 % interval over seeds and queries.
    """

    finalist: float
    control: float
    difference: float
    sd: float
    interval: Interval
    t: Interval
    over_queries: Interval = Field(validation_alias=OVER_QUERIES)


class ComparisonFigures(ResultsModel):
    """Every figure of one comparison.

    Attributes:
        finalist: Arm of the finalist.
        control: Kind of the control.
        arm: Arm of the control.
        outcome: Whether the finalist is better or worse than the control, or still open.
        closed: Why the comparison gets no more seeds; None while it does.
        seeds: Seeds that the figures are of.
        level: Error at which the outcome was tested.
        p_adjusted: p-value, adjusted for interim looks and for all comparisons.
        p_ni_adjusted: That of non-inferiority: it is at most `rule.alpha` exactly where
            `non_inferior` is true. None without a margin.
        seeds_needed: The first later interim look that would show the finalist to be better, or not
            worse, if mean and variance stay as they are; None if it is decided, or if no look
            would.
        non_inferior: Whether the finalist is shown to be not worse by more than the margin; None
            without a margin.
        samples_share: Samples of the finalist as a fraction of the control's.
        time_share: Training time of the finalist as a fraction of the control's; None without
            times.
        generalises: Whether the interval over seeds and queries confirms the outcome.
        queries: Queries per run.
        metrics: Metric name to its comparison; empty if a run failed.
    """

    finalist: str
    control: str
    arm: str
    outcome: Outcome
    closed: Closed | None
    seeds: int
    level: float
    p_adjusted: float
    p_ni_adjusted: float | None = None
    seeds_needed: int | None
    non_inferior: bool | None = None
    samples_share: float
    time_share: float | None
    generalises: bool
    queries: int
    metrics: dict[str, MetricComparison]


class ComparisonVerdict(ComparisonFigures):
    """A comparison and the claim that its figures allow, as a phrase."""

    words: str


class SharedArm(ResultsModel):
    """A control that trains the same steps as another arm, whose runs it shares."""

    finalist: str
    control: str
    arm: str


class FrontierPoint(ResultsModel):
    """Full data, ended and annealed earlier, against itself under the same seeds; no test.

    Attributes:
        arm: Name of the arm that ends earlier.
        full_data: Name of the arm of full data.
        samples_share: Its samples as a fraction of full data's.
        time_share: Its training time as a fraction of full data's; None without times.
        seeds: Number of seeds.
        difference: Mean difference of the objective, ended earlier − full data.
        interval: 95 % paired-t interval, not corrected for other points or comparisons.
    """

    arm: str
    full_data: str
    samples_share: float
    time_share: float | None
    seeds: int
    difference: float
    interval: Interval


class Winner(ResultsModel):
    """The configuration to use.

    Attributes:
        arm: Its arm; None if there was nothing to confirm.
        confirmed: Whether it is a finalist with a claim: better than the first control, or not
            worse by more than the margin where the cheapest such finalist is preferred.
        words: The reason, as a sentence.
    """

    arm: str | None
    confirmed: bool
    words: str


class Verdict(ResultsModel):
    """The result of a confirmation.

    Attributes:
        objective: `validation/pool/[direction/]metric`.
        metric: The objective without the split.
        rule: The decision rule.
        seeds: Seeds of the comparisons with the most seeds.
        runs: Number of runs, failed ones included.
        failed: The failed runs.
        samples: Samples seen by all runs.
        finalists: Arms of the finalists, the sweep's best first.
        arms: Every arm.
        pairs: Every comparison, those with the first control first.
        same: Controls that share the runs of another arm.
        winner: The configuration to use.
        enough: Seeds that may decide the open comparisons with the first control; None if there
            are none, or if no interim look has enough seeds for any of them.
        words: The winner's sentence, then those of the comparisons (the ones of a finalist that no
            run was made for share a sentence), then one for the frontier.
        frontier: Full data, ended earlier, by samples; empty unless it was asked for.
        trials: Trials of the sweep when it was confirmed; None in a verdict of version 0.2.
    """

    objective: str
    metric: str
    rule: Rule
    seeds: list[int]
    runs: int
    failed: list[FailedRun]
    samples: int
    finalists: list[str]
    arms: list[ArmResult]
    pairs: list[ComparisonVerdict]
    same: list[SharedArm]
    winner: Winner
    enough: int | None
    words: list[str]
    frontier: list[FrontierPoint] = Field(default_factory=list)
    trials: int | None = None

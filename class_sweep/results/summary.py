"""`summary.json`: the state of a sweep and how its trials ended."""

from typing import Any, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from class_sweep.results.json_files import Config, ResultsModel
from class_sweep.results.time_record import TimeRecord
from class_sweep.results.verdict import FailedRun, Verdict, Winner

State = Literal["running", "confirming", "interrupted", "failed", "finished"]


class SplitSizes(ResultsModel):
    """Pairs in each split; only those for training are known where a user's loop has own data."""

    train: int
    validation: int | None
    test: int | None


class TrialCounts(ResultsModel):
    """Number of trials: planned, proposed, and by how they ended.

    `full_data` counts the planned trials that tune full data, the control, alone. `repeated` counts
    the trials that copy the reports of an earlier duplicate.
    """

    wanted: int
    full_data: int = 0
    proposed: int
    finished: int
    pruned: int
    repeated: int
    failed: int


class SampleCounts(ResultsModel):
    """Training samples.

    Attributes:
        seen: Seen by all trials together.
        full_budget: Samples of all planned trials on the full data.
        expected: Expected samples of all trials; None if the pruner cannot predict them.
        share: `seen` as a fraction of `full_budget`.
    """

    seen: int
    full_budget: int
    expected: int | None = Field(alias="foretold")
    share: float


class TrialSummary(ResultsModel):
    """A finished trial.

    Attributes:
        trial: Number of the trial.
        name: Name of the baseline; None for a searched schedule.
        tuned: Whether the trial tunes the baseline of its name over the axes outside the
            curriculum.
        identity: Hash of the settings that the result depends on.
        config: Dotted path to value.
        metrics: Metric name to value on validation.
        samples: Samples seen.
        share_of_full_data: `samples` as a fraction of the samples of full data.
        share: The share that its pacing was fitted to; None without `search.shares`.
    """

    trial: int
    name: str | None
    identity: str
    config: Config
    metrics: dict[str, float]
    samples: int
    share_of_full_data: float
    tuned: bool = False
    share: float | None = None


class SigmaSummary(ResultsModel):
    """The distribution of N at one σ.

    Attributes:
        sigma: The similarity threshold.
        alone: Fraction of the pairs with N = 0.
        distinct: Number of distinct values of N.
        largest_tie: Fraction of the pairs that share the most frequent N.
    """

    sigma: float
    alone: float
    distinct: int
    largest_tie: float


class ConfirmationSummary(ResultsModel):
    """The short form of a verdict; see `Verdict`."""

    winner: Winner
    words: list[str]
    finalists: list[str]
    seeds: list[int]
    runs: int
    samples: int
    failed: list[FailedRun]
    enough: int | None

    @classmethod
    def of(cls, verdict: Verdict) -> Self:
        """The short form of a verdict."""
        return cls(**{name: getattr(verdict, name) for name in cls.model_fields})


class SweepSummary(ResultsModel):
    """The state of a sweep and how its trials ended.

    Attributes:
        state: State of the sweep when its process wrote the file last.
        objective: `validation/pool/[direction/]metric`.
        direction: Which way is better.
        pruning: Kind of the pruner.
        pairs: Pairs in each split.
        trials: Number of trials by how they ended.
        rung_decisions: Reports that were compared with those of other trials.
        warnings: Warnings about the results.
        samples: Training samples.
        best: The best finished trial; None before a trial has finished.
        references: Name of each finished baseline to its best trial; for `full_data` this is the
            tuned control where it has trials of its own.
        difficulty: Similarity to the distribution of N at each σ.
        seconds: Stage to wall time.
        confirm: The short form of the verdict; None, and not in the file, before a confirmation.
        hours: The plan under `search.hours` and the time used; None, and not in the file, without.
    """

    state: State
    objective: str
    direction: Literal["maximize", "minimize"]
    pruning: str
    pairs: SplitSizes
    trials: TrialCounts
    rung_decisions: int
    warnings: list[str]
    samples: SampleCounts
    best: TrialSummary | None
    references: dict[str, TrialSummary]
    difficulty: dict[str, list[SigmaSummary]]
    seconds: dict[str, float]
    confirm: ConfirmationSummary | None = None
    hours: TimeRecord | None = None

    @property
    def full_samples(self) -> int:
        """Samples of one trial over the full data."""
        return self.samples.full_budget // self.trials.wanted

    @model_serializer(mode="wrap")
    def _without_absent_parts(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        tree: dict[str, Any] = handler(self)
        return {
            name: value
            for name, value in tree.items()
            if value is not None or name not in {"confirm", "hours"}
        }

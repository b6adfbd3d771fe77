"""The state of a sweep from its folder alone, during and after the run: `class-sweep status`."""

from typing import Self

from class_sweep.errors import ResultsError
from class_sweep.rendering.blocks import Block, Table, Text
from class_sweep.report.eta import seconds_left
from class_sweep.report.sweep_facts import SweepFacts
from class_sweep.results import formatting
from class_sweep.results.json_files import Config, ResultsModel
from class_sweep.results.record import Record


class TrialStates(ResultsModel):
    """The number of planned trials, and of trials in each state."""

    wanted: int
    running: int
    interrupted: int
    full_data: int
    paused: int
    finished: int
    pruned: int
    failed: int


class SamplesSpent(ResultsModel):
    """Samples seen by all trials, samples of all trials over the full data, and their ratio."""

    seen: int
    full_budget: int
    share: float


class BestTrial(ResultsModel):
    """The best finished trial; `objective` is its value, the rest as in `TrialSummary`."""

    trial: int
    name: str | None
    tuned: bool
    share: float | None
    config: Config
    objective: float | None
    samples: int


class FailedTrial(ResultsModel):
    """A failed trial and the reason."""

    trial: int
    reason: str | None


class SweepStatus(ResultsModel):
    """The state of a sweep, as `class-sweep status --json` prints it.

    Attributes:
        state: `running`, `confirming`, `interrupted`, `failed` or `finished`.
        objective: The objective's name.
        trials: The number of trials by state.
        rung_decisions: The number of reports that a pruner compared with those of other trials.
        samples: The samples spent.
        seconds_left: Estimated seconds until every trial has ended; None if unknown.
        best: The best finished trial.
        confirmed: The runs of the confirmation so far.
        verdict: The sentences of the verdict; empty before a confirmation has ended.
        failures: The failed trials.
    """

    state: str
    objective: str
    trials: TrialStates
    rung_decisions: int
    samples: SamplesSpent
    seconds_left: float | None
    best: BestTrial | None
    confirmed: int
    verdict: list[str]
    failures: list[FailedTrial]

    @classmethod
    def of(cls, sweep: SweepFacts) -> Self:
        """The state by the log, which is newer than `summary.json` while the sweep runs.

        Raises:
            ResultsError: If the trials have not started.
        """
        summary, trials, running = sweep.summary, sweep.trials, sweep.running
        if summary is None:
            raise ResultsError(
                f"a sweep must have started its trials, got {sweep.path}, which has no"
                " summary.json; wait until the data are prepared"
            )
        planned = sweep.trials_wanted
        left = seconds_left(sweep.records, planned, summary.samples.expected)
        return cls(
            state=sweep.state,
            objective=summary.objective,
            trials=TrialStates(
                wanted=planned,
                full_data=summary.trials.full_data,
                running=len(trials.running) if running else 0,
                interrupted=0 if running else len(trials.running),
                paused=len(trials.paused),
                finished=len(trials.finished),
                pruned=len(trials.pruned),
                failed=len(trials.failed),
            ),
            rung_decisions=trials.rung_decisions,
            samples=SamplesSpent(
                seen=trials.samples,
                full_budget=summary.samples.full_budget,
                share=round(trials.samples / summary.samples.full_budget, 4),
            ),
            seconds_left=left if running else None,
            best=_best(sweep.best) if sweep.best else None,
            confirmed=sweep.confirmation_runs,
            verdict=summary.confirm.words if summary.confirm else [],
            failures=[FailedTrial(trial=r.trial, reason=r.reason) for r in trials.failed],
        )

    @property
    def active(self) -> bool:
        """Whether a process runs the sweep."""
        return self.state in {"running", "confirming"}

    def headline(self) -> str:
        """The state in one line."""
        trials, left = self.trials, self.seconds_left
        ended = trials.finished + trials.pruned + trials.failed
        return (
            f"{self.state}: {ended} of {trials.wanted} trials ended"
            f" ({trials.finished} finished, {trials.pruned} pruned, {trials.failed} failed),"
            f" {formatting.counted(self.rung_decisions, 'rung decision')},"
            f" {formatting.percent(self.samples.share)} of the full budget's samples"
            + (f", about {formatting.seconds(left)} left" if left is not None else "")
            + (
                f", {formatting.counted(self.confirmed, 'confirmation run')}"
                if self.confirmed
                else ""
            )
        )


def status_blocks(status: SweepStatus, sweep: SweepFacts) -> list[Block]:
    """A headline, a table of the trials, the failures with their tracebacks, and the verdict."""
    failures = []
    for failure in status.failures:
        traceback = sweep.folder.errors / f"trial-{failure.trial:04d}.txt"
        where = f" ({traceback})" if traceback.is_file() else ""
        failures.append(Text(f"trial {failure.trial} failed: {failure.reason}{where}"))
    verdict = [Text(line) for line in status.verdict]
    return [Text(status.headline()), _trial_table(sweep), *failures, *verdict]


def _trial_table(sweep: SweepFacts) -> Table:
    trials = sweep.trials
    groups = (
        ("finished", sweep.ranked),
        ("running", trials.running),
        ("paused", trials.paused),
        ("pruned", trials.pruned),
        ("failed", trials.failed),
    )
    rows = [
        [
            str(r.trial),
            sweep.shown(r.objective),
            f"{r.samples:,}",
            formatting.state(r, state),
            formatting.trial(r),
        ]
        for state, records in groups
        for r in records
    ]
    head = ("trial", str(sweep.objective), "samples", "state", "schedule")
    return Table(head, rows, text_columns={3, 4})


def _best(record: Record) -> BestTrial:
    return BestTrial(
        trial=record.trial,
        name=record.name,
        tuned=record.tuned,
        share=record.share,
        config=record.config,
        objective=record.objective,
        samples=record.samples,
    )

"""The facts of a results folder for its report, read once, whatever state the sweep is in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os.path import lexists
from pathlib import Path

from class_sweep.config.axes import Axis
from class_sweep.config.document import SEED, Space
from class_sweep.config.objective import Objective, metric_of
from class_sweep.results import formatting
from class_sweep.results.confirmation_log import ConfirmationLog
from class_sweep.results.environment import Environment
from class_sweep.results.folder import ResultsFolder
from class_sweep.results.provenance import load_begun
from class_sweep.results.record import Record
from class_sweep.results.summary import SigmaSummary, SweepSummary
from class_sweep.results.test_log import TestReading, read_test_log
from class_sweep.results.trials import Trials, reports_by_trial, trials_of
from class_sweep.results.verdict import Verdict
from class_sweep.statistics.recorded_ranks import require_ranks_fit


@dataclass(frozen=True)
class SweepFacts:
    """The content of a results folder.

    Attributes:
        path: The folder, as the user named it.
        space: The space as run.
        records: Every report, in the order of the log.
        confirmation_runs: The number of confirmation runs so far.
        running: Whether a process is writing to the folder.
        summary: `summary.json`; None before the first trial.
        environment: `environment.json`; None if there is none.
        verdict: `verdict.json`; None before a confirmation.
        tests: Every reading of the test split.
    """

    path: Path
    space: Space
    records: list[Record]
    confirmation_runs: int
    running: bool
    summary: SweepSummary | None
    environment: Environment | None
    verdict: Verdict | None
    tests: list[TestReading]

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.path.resolve().name

    @property
    def folder(self) -> ResultsFolder:
        """The files of the folder."""
        return ResultsFolder(self.path)

    @cached_property
    def curves(self) -> Mapping[int, list[Record]]:
        """The reports of each trial, by number."""
        return reports_by_trial(self.records)

    @cached_property
    def trials(self) -> Trials:
        """The trials by how they ended."""
        return trials_of(self.records)

    @property
    def objective(self) -> Objective:
        """The objective of the sweep."""
        return self.space.objective

    @cached_property
    def trials_wanted(self) -> int:
        """The number of trials of the sweep; see `ResultsFolder.trials_wanted`."""
        return self.folder.trials_wanted(self.space.settings.search.runs)

    @property
    def state(self) -> str:
        """`finished`, `failed`, `running`, `confirming`, `interrupted`, or `not started`."""
        if self.summary is None:
            return "not started"
        state = self.summary.state
        stopped = state in {"running", "confirming"} and not self.running
        cut = state == "finished" and self.trials.missing(self.trials_wanted)
        return "interrupted" if stopped or cut else state

    @property
    def confirmed_trials(self) -> int | None:
        """The number of trials that the confirmation chose from; None before a confirmation."""
        if self.verdict is None:
            return None
        return (
            self.verdict.trials or (*self.space.extended_from, self.space.settings.search.trials)[0]
        )

    @cached_property
    def last_reports(self) -> list[tuple[str, Record]]:
        """State and last report of every trial: finished trials first, the best on top."""
        groups = (
            ("finished", self.ranked),
            ("running" if self.running else "interrupted", self.trials.running),
            ("paused", self.trials.paused),
            ("pruned", sorted(self.trials.pruned, key=lambda r: (-r.samples, r.trial))),
            ("failed", self.trials.failed),
            ("failed, run again", self.trials.replaced),
        )
        return [(state, record) for state, records in groups for record in records]

    @cached_property
    def ranked(self) -> list[Record]:
        """The finished trials, best first."""
        return self.trials.ranked(self.objective)

    @property
    def best(self) -> Record | None:
        """The best finished trial."""
        return self.ranked[0] if self.ranked else None

    @property
    def baselines(self) -> dict[str, Record]:
        """The finished baselines by name; the best run of a baseline with several runs."""
        return {r.name: r for r in reversed(self.ranked) if r.name}

    @property
    def axes(self) -> dict[str, Axis]:
        """The axes by path, without the seeds of a recording."""
        return {path: axis for path, axis in self.space.axes.items() if path != SEED}

    @cached_property
    def _active(self) -> dict[int, Mapping[str, Axis]]:
        return {}

    def active(self, record: Record) -> Mapping[str, Axis]:
        """The axes that have an effect in a trial; an earlier version recorded the others too."""
        if record.trial not in self._active:
            self._active[record.trial] = self.space.active(record.config)
        return self._active[record.trial]

    @property
    def pairs(self) -> int | None:
        """L, the training pairs; None before they were counted."""
        return self.summary.pairs.train if self.summary else None

    @property
    def full_samples(self) -> int | None:
        """Samples of one trial over the full data; None before the first trial."""
        return self.summary.full_samples if self.summary else None

    @property
    def full_budget(self) -> int | None:
        """Samples of all trials over the full data; None before the first trial."""
        return self.summary.samples.full_budget if self.summary else None

    @property
    def seconds(self) -> Mapping[str, float]:
        """Wall time of each stage so far."""
        return self.summary.seconds if self.summary else {}

    @property
    def difficulty(self) -> Mapping[str, Sequence[SigmaSummary]]:
        """For each similarity, the distribution of N at each σ."""
        return self.summary.difficulty if self.summary else {}

    def schedule(self, record: Record) -> str:
        """A trial's name, or its values in a line, without the seeds of a recording."""
        if record.name:
            return formatting.trial(record)
        values = {path: value for path, value in record.config.items() if path != SEED}
        return ", ".join(formatting.terms(values))

    def shown(self, value: float | None) -> str:
        """A value of the objective as text."""
        return "–" if value is None else formatting.metric(self.objective.metric, value)

    def scaled(self, value: float | None) -> float | None:
        """A value of the objective for a plot, in the unit of `axis_title`."""
        if value is None:
            return None
        return round(metric_of(self.objective.metric).shown(value), 4)

    @property
    def axis_title(self) -> str:
        """The objective with its unit, for a plot's axis."""
        units = {"fraction": "%", "rank": "rank", "log_rank": "geometric mean rank"}
        return f"{self.objective} ({units[metric_of(self.objective.metric).unit]})"

    @property
    def difference_unit(self) -> str:
        """The unit of a difference in the objective: `points`, `ranks` or `ratio`."""
        return metric_of(self.objective.metric).difference_unit

    @property
    def better(self) -> str:
        """The direction of the objective as a phrase."""
        return "lower is better" if self.objective.sign < 0 else "higher is better"


def read_sweep(path: Path) -> SweepFacts:
    """Read a results folder.

    Raises:
        ResultsError: If the folder has no sweep, or a damaged file.
        ConfigError: If its space is invalid.
    """
    folder = ResultsFolder.existing(path)
    # Asked before the files are read: a sweep that ends in between has written everything.
    running = folder.in_use()
    confirmation = ConfirmationLog(folder)
    runs = confirmation.runs().values()
    require_ranks_fit(confirmation, runs)
    return SweepFacts(
        path=path,
        space=load_begun(folder),
        records=folder.records(),
        confirmation_runs=len(runs),
        running=running,
        summary=folder.read_summary() if lexists(folder.summary) else None,
        environment=folder.read_environment() if lexists(folder.environment) else None,
        verdict=folder.read_verdict() if lexists(folder.verdict) else None,
        tests=read_test_log(folder),
    )

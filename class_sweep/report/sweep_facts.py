"""A results folder as its report sees it: read once, whatever state the sweep is in."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from class_sweep.config.axes import Axis
from class_sweep.config.document import Space, load_space
from class_sweep.config.objective import Objective
from class_sweep.results import formatting
from class_sweep.results.curves import SEED
from class_sweep.results.environment import Environment
from class_sweep.results.folder import ResultsFolder
from class_sweep.results.record import Record
from class_sweep.results.summary import SweepSummary
from class_sweep.results.test_log import TestReading, read_test_log
from class_sweep.results.trials import Trials, trials_of
from class_sweep.results.verdict import Verdict


@dataclass(frozen=True)
class SweepFacts:
    """What a results folder holds.

    Attributes:
        path: The folder, as it was named.
        space: As run.
        curves: The reports of each trial, by number.
        trials: The trials by how they ended.
        running: Whether a process is writing to the folder.
        summary: `summary.json`; None before the first trial.
        environment: `environment.json`; None where there is none.
        verdict: `verdict.json` of a confirmation, or None.
        tests: Every reading of the test split.
    """

    path: Path
    space: Space
    curves: Mapping[int, list[Record]]
    trials: Trials
    running: bool
    summary: SweepSummary | None
    environment: Environment | None
    verdict: Verdict | None
    tests: list[TestReading]

    @property
    def name(self) -> str:
        """Of the folder."""
        return self.path.resolve().name

    @property
    def objective(self) -> Objective:
        """What the sweep optimises."""
        return self.space.objective

    @property
    def state(self) -> str:
        """`finished`, `failed`, `running`, `interrupted`, or `not started`."""
        state = self.summary.state if self.summary else "not started"
        cut = state in {"running", "confirming"} and not self.running
        return "interrupted" if cut else state

    @cached_property
    def ended(self) -> list[tuple[str, Record]]:
        """Every trial's state and last report: the finished ones best first, then the others."""
        open_ones = "running" if self.running else "interrupted"
        groups = (
            ("finished", self.ranked),
            (open_ones, self.trials.running),
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
    def references(self) -> dict[str, Record]:
        """The finished references by name; the best of each where it ran several times."""
        return {r.name: r for r in reversed(self.ranked) if r.name}

    @property
    def axes(self) -> dict[str, Axis]:
        """What the trials differ in, but for a recording's seeds."""
        return {path: axis for path, axis in self.space.axes.items() if path != SEED}

    @property
    def pairs(self) -> int | None:
        """L, the training pairs; None before they were counted."""
        return self.summary.pairs.train if self.summary else None

    @property
    def full_samples(self) -> int | None:
        """Samples of one trial over the full data; None before that is known."""
        return self.summary.full_samples if self.summary else None

    def schedule(self, record: Record) -> str:
        """A trial's name or its values, in a line."""
        return record.name or formatting.schedule(
            {path: value for path, value in record.config.items() if path != SEED}
        )

    def shown(self, value: float | None) -> str:
        """A value of the objective."""
        return "–" if value is None else formatting.metric(self.objective.metric, value)

    def scaled(self, value: float | None) -> float | None:
        """A value of the objective as plots show it: shares in per cent, ranks as they are."""
        if value is None:
            return None
        return round(value if self.objective.sign < 0 else 100 * value, 4)

    @property
    def axis_title(self) -> str:
        """The objective with its unit, for a plot's axis."""
        return f"{self.objective} ({'places' if self.objective.sign < 0 else '%'})"

    @property
    def better(self) -> str:
        """Which way is better."""
        return "lower is better" if self.objective.sign < 0 else "higher is better"


def read_sweep(path: Path) -> SweepFacts:
    """Read a results folder.

    Raises:
        ResultsError: If there is none, or a file of it is damaged.
        ConfigError: If its space is not one.
    """
    folder = ResultsFolder.existing(path)
    running = folder.in_use()  # asked first: a sweep that ends here has written all it will
    curves: dict[int, list[Record]] = {}
    records = folder.records()
    for record in records:
        curves.setdefault(record.trial, []).append(record)
    return SweepFacts(
        path=path,
        space=load_space(folder.space),
        curves=curves,
        trials=trials_of(records),
        running=running,
        summary=folder.read_summary() if folder.summary.is_file() else None,
        environment=folder.read_environment() if folder.environment.is_file() else None,
        verdict=folder.read_verdict() if folder.verdict.is_file() else None,
        tests=read_test_log(folder),
    )

"""What a person sees while a sweep runs: a live table, or plain lines without a terminal."""

import time
from types import TracebackType
from typing import Self

from psutil import virtual_memory
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from class_sweep.config.objective import Objective
from class_sweep.report.eta import seconds_left
from class_sweep.results import formatting
from class_sweep.results.callback import Callback, StartedTrial
from class_sweep.results.record import Record
from class_sweep.results.trials import Trials, trials_of

_GIB = 1 << 30
_SILENCE = 30  # seconds without a terminal after which a long stage says how far it is
_ROWS = 12  # trials shown at once
STAGES = {
    "data": "reading the pairs",
    "encoders": "encoding texts and molecules",
    "index": "counting look-alikes",
    "report": "computing the difficulty report",
    "workers": "starting Ray",
    "trials": "running trials",
    "confirm": "confirming",
    "storage": "sending what is left to the storage",
    "test": "reading the test split",
}
_VERDICTS = {
    "continue": ("running", "cyan"),
    "pause": ("paused", "blue"),
    "finish": ("finished", "green"),
    "prune": ("pruned", "yellow"),
    "fail": ("failed", "red"),
}


class LiveView(Callback):
    """Shows a running sweep; a context manager around it."""

    def __init__(self, console: Console, objective: Objective) -> None:
        self._console = console
        self._objective = objective
        self._start = self._said = time.monotonic()
        self._stage, self._fraction = "", 0.0
        self._trials, self._full_samples = 0, 0
        self._expected_samples: int | None = None
        self._started: dict[int, StartedTrial | Record] = {}
        self._under_way: set[int] = set()
        self._records: list[Record] = []
        self._live = (
            Live(console=console, get_renderable=self._render, refresh_per_second=4, transient=True)
            if console.is_terminal
            else None
        )

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.stop()

    def on_stage(self, name: str) -> None:
        """A stage begins."""
        self._stage, self._fraction = STAGES[name], 0.0
        if not self._live:
            self._say(self._stage)

    def on_interim_look(self, configurations: int, seeds: int) -> None:
        """A confirmation makes the runs of an interim look."""
        self._stage = f"confirming {configurations} configurations under {seeds} seeds"
        self._fraction = 0.0
        if not self._live:
            self._say(self._stage)

    def on_progress(self, done: int, total: int) -> None:
        """How much of the stage is done."""
        self._fraction = done / total if total else 0.0
        if not self._live and time.monotonic() - self._said > _SILENCE:
            self._say(f"{self._stage}  {self._fraction:.0%}")

    def on_plan(self, trials: int, full_samples: int, expected_samples: int | None) -> None:
        """How many trials there will be, and the samples of one and of all of them."""
        self._trials, self._full_samples, self._expected_samples = (
            trials,
            full_samples,
            expected_samples,
        )

    def on_trial_start(self, trial: StartedTrial) -> None:
        """A trial starts, or one that was paused goes on."""
        self._started[trial.number] = trial
        self._under_way.add(trial.number)

    def on_report(self, record: Record) -> None:
        """A trial has reported."""
        self._records.append(record)
        if record.decision != "continue":
            self._under_way.discard(record.trial)
        if not self._live:
            schedule = record.name or formatting.schedule(record.config)
            verdict = formatting.state(record, _VERDICTS[record.decision][0])
            self._console.print(
                f"{self._elapsed():>8}  trial {record.trial:>4}  {verdict:8}"
                f"  {record.samples:>9} samples  {self._objective} {self._value(record)}"
                f"  {schedule}  {record.reason or ''}".rstrip(),
                markup=False,  # a reason may hold brackets
                highlight=False,
                soft_wrap=True,
            )

    def on_stop(self) -> None:
        """The sweep was asked to stop."""
        self._stage = "stopping after the running reports; Ctrl-C again stops at once"
        if not self._live:
            self._say(self._stage)

    def on_logged_report(self, record: Record) -> None:
        """A report of an earlier run of the sweep: it counts, but is no news."""
        self._started[record.trial] = record
        self._records.append(record)

    def _render(self) -> RenderableType:
        head = Text(f"{self._elapsed()}  {self._stage}", style="bold")
        if self._fraction:
            head.append(f"  {self._fraction:.0%}")
        if not self._started:
            return head
        trials = trials_of(self._records)
        return Group(head, self._counts(trials), self._best(trials), self._table())

    def _counts(self, trials: Trials) -> Text:
        budget = self._trials * self._full_samples
        ended = len(trials.finished) + len(trials.pruned) + len(trials.failed)
        waiting = sum(record.trial not in self._under_way for record in trials.paused)
        paused = f", {waiting} paused" if waiting else ""
        text = (
            f"{ended} of {self._trials} trials ended: {len(trials.finished)} finished,"
            f" {len(trials.pruned)} pruned, {len(trials.failed)} failed;"
            f" {len(self._under_way)} running{paused}."
            f"  {trials.samples / budget:.0%} of the full budget's samples spent"
        )
        left = seconds_left(self._records, self._trials, self._expected_samples)
        if left is not None:
            text += f", about {formatting.seconds(left)} left"
        memory = virtual_memory()
        used = memory.total - memory.available
        return Text(f"{text}.  {used / _GIB:.1f} of {memory.total / _GIB:.1f} GiB of memory used")

    def _best(self, trials: Trials) -> Text:
        ranked = trials.ranked(self._objective)
        if not ranked:
            return Text("no trial has finished yet", style="dim")
        best = ranked[0]
        return Text(
            f"best finished: trial {best.trial}, {self._objective} {self._value(best)}"
            f"  {best.name or formatting.schedule(best.config)}",
            style="green",
        )

    def _table(self) -> Table:
        last = {record.trial: record for record in self._records}
        table = Table(box=None, pad_edge=False)
        for column, justify in (
            ("trial", "right"),
            ("schedule", "left"),
            ("samples", "right"),
            (str(self._objective), "right"),
            ("state", "left"),
        ):
            table.add_column(column, justify=justify, no_wrap=True)  # type: ignore[arg-type]
        latest = sorted(self._started, key=lambda n: (n in self._under_way, n))[-_ROWS:]
        for number in sorted(latest):
            proposal, record = self._started[number], last.get(number)
            decision = record.decision if record and number not in self._under_way else "continue"
            state, colour = _VERDICTS[decision]
            table.add_row(
                str(number),
                proposal.name or formatting.schedule(proposal.config),
                f"{record.samples:,}" if record else "",
                self._value(record) if record else "",
                Text(formatting.state(record, state) if record else state, style=colour),
            )
        return table

    def _value(self, record: Record) -> str:
        if record.objective is None:
            return "–"
        return formatting.metric(self._objective.metric, record.objective)

    def _say(self, text: str) -> None:
        self._said = time.monotonic()
        self._console.print(f"{self._elapsed():>8}  {text}")

    def _elapsed(self) -> str:
        return formatting.seconds(time.monotonic() - self._start)

"""The view of a running sweep: a live table, or plain lines without a terminal."""

import sys
import time
from typing import Self

from psutil import virtual_memory
from rich.console import Console, RenderableType
from rich.live import Live

from class_sweep.config.objective import Objective
from class_sweep.rendering.blocks import Block, Styled, Table, Text
from class_sweep.rendering.terminal import live_blocks, print_blocks
from class_sweep.report.eta import seconds_left
from class_sweep.results import formatting
from class_sweep.results.callback import Callback, StartedTrial
from class_sweep.results.record import Decision, Record
from class_sweep.results.trials import Trials, trials_of

_GIB = 1 << 30
_PROGRESS_INTERVAL = 30  # seconds between two lines on the progress of a stage
_MAX_ROWS = 12  # trials shown at once
_LINES_ABOVE = 10  # of the terminal: the head of the view and of the table, wrapped
STAGES = {
    "data": "reading the pairs",
    "encoders": "encoding texts and molecules",
    "index": "counting look-alikes",
    "difficulty": "computing the difficulty of the pairs",
    "report": "computing the difficulty report",
    "audit": "looking for wrong pairs",
    "workers": "starting Ray",
    "trials": "running trials",
    "confirm": "confirming",
    "storage": "uploading the last files",
    "test": "reading the test split",
}
_STATES: dict[Decision, Styled] = {  # decision on the last report to the state of the trial
    "continue": Styled("running", "active"),
    "pause": Styled("paused", "idle"),
    "finish": Styled("finished", "good"),
    "prune": Styled("pruned", "caution"),
    "fail": Styled("failed", "bad"),
}


class LiveView(Callback):
    """Shows a running sweep; a context manager around it."""

    def __init__(self, console: Console, objective: Objective) -> None:
        self._console = console
        self._objective = objective
        self._start = self._last_line = time.monotonic()
        self._stage, self._fraction = "", 0.0
        self._trials, self._full_samples = 0, 0
        self._expected_samples: int | None = None
        self._started: dict[int, StartedTrial | Record] = {}
        self._running: set[int] = set()
        self._records: list[Record] = []
        self._live = (
            Live(
                console=console,
                get_renderable=self._render,
                refresh_per_second=4,
                transient=True,
                # Warnings appear above the table; those that go elsewhere are left alone.
                redirect_stderr=sys.stderr.isatty(),
            )
            if console.is_terminal
            else None
        )

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def on_stage(self, name: str) -> None:
        """Show the stage."""
        self._stage, self._fraction = STAGES[name], 0.0
        self._print_line(self._stage)

    def on_interim_look(self, configurations: int, seeds: int) -> None:
        """Show the size of the interim look."""
        self._stage = (
            f"confirming {formatting.counted(configurations, 'configuration')} with {seeds} seeds"
        )
        self._fraction = 0.0
        self._print_line(self._stage)

    def on_progress(self, done: int, total: int) -> None:
        """Show the finished part of the stage."""
        self._fraction = done / total if total else 0.0
        if time.monotonic() - self._last_line > _PROGRESS_INTERVAL:
            self._print_line(f"{self._stage}  {self._fraction:.0%}")

    def on_plan(self, trials: int, full_samples: int, expected_samples: int | None) -> None:
        """Remember the size of the sweep."""
        self._trials, self._full_samples = trials, full_samples
        self._expected_samples = expected_samples

    def on_trial_start(self, trial: StartedTrial) -> None:
        """Show the trial as running."""
        self._started[trial.number] = trial
        self._running.add(trial.number)

    def on_report(self, record: Record) -> None:
        """Show the report."""
        self._records.append(record)
        if record.decision != "continue":
            self._running.discard(record.trial)
        schedule = formatting.trial(record)
        state = formatting.state(record, _STATES[record.decision].text)
        line = (
            f"trial {record.trial:>4}  {state:8}  {record.samples:>9} samples"
            f"  {self._objective} {self._value(record)}  {schedule}  {record.reason or ''}"
        )
        self._print_line(line.rstrip())

    def on_stop(self) -> None:
        """Show that the sweep stops."""
        self._stage = "stopping after the running reports; Ctrl-C again stops at once"
        self._print_line(self._stage)

    def on_logged_report(self, record: Record) -> None:
        """Count a report of an earlier run of the sweep, without a line for it."""
        self._started[record.trial] = record
        self._records.append(record)

    def _print_line(self, text: str) -> None:
        """Print a line with the elapsed time, unless there is a live table."""
        if self._live:
            return
        self._last_line = time.monotonic()
        print_blocks(self._console, [Text(f"{self._elapsed():>8}  {text}")])

    def _render(self) -> RenderableType:
        return live_blocks(self._console, self._blocks())

    def _blocks(self) -> list[Block]:
        fraction = f"  {self._fraction:.0%}" if self._fraction else ""
        head = Text(f"{self._elapsed()}  {self._stage}{fraction}", "finding")
        if not self._started:
            return [head]
        trials = trials_of(self._records)
        return [head, self._counts(trials), self._best(trials), self._table()]

    def _counts(self, trials: Trials) -> Text:
        budget = self._trials * self._full_samples
        ended = len(trials.finished) + len(trials.pruned) + len(trials.failed)
        paused = sum(record.trial not in self._running for record in trials.paused)
        text = (
            f"{ended} of {self._trials} trials ended: {len(trials.finished)} finished,"
            f" {len(trials.pruned)} pruned, {len(trials.failed)} failed;"
            f" {len(self._running)} running{f', {paused} paused' if paused else ''}."
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
            return Text("no trial has finished yet", "note")
        best = ranked[0]
        return Text(
            f"best finished: trial {best.trial}, {self._objective} {self._value(best)}"
            f"  {formatting.trial(best)}"
        )

    def _table(self) -> Table:
        last = {record.trial: record for record in self._records}
        count = max(1, min(_MAX_ROWS, self._console.height - _LINES_ABOVE))
        shown = sorted(self._started, key=lambda n: (n in self._running, n))[-count:]
        rows = [self._row(number, last.get(number)) for number in sorted(shown)]
        head = ("trial", "schedule", "samples", str(self._objective), "state")
        return Table(head, rows, text_columns={1, 4}, cut_columns={1})

    def _row(self, number: int, record: Record | None) -> list[str | Styled]:
        trial = self._started[number]
        decision = record.decision if record and number not in self._running else "continue"
        state = _STATES[decision]
        copied = None if record is None else record.same_as
        text = state.text if copied is None else f"{state.text} as trial {copied}"  # short
        return [
            str(number),
            formatting.trial(trial),
            f"{record.samples:,}" if record else "",
            self._value(record) if record else "",
            Styled(text, state.tone),
        ]

    def _value(self, record: Record) -> str:
        if record.objective is None:
            return "–"
        return formatting.metric(self._objective.metric, record.objective)

    def _elapsed(self) -> str:
        return formatting.seconds(time.monotonic() - self._start)

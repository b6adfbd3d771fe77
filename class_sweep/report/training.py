"""What a person sees of a training: a bar in a terminal, plain lines without one, the outcome."""

import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from class_sweep.config.objective import DIRECTIONS, METRICS, POOLS
from class_sweep.report.live import STAGES
from class_sweep.results import formatting
from class_sweep.results.callback import Callback

_EVERY = 10.0  # seconds between two plain lines


class TrainingView(Callback):
    """Shows a training; Ctrl-C asks it to stop at the next checkpoint, twice stops at once."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._start = self._said = time.monotonic()
        self._asked = False
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        if console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.percentage:3.0f} %"),
                TimeRemainingColumn(),
                console=console,
                transient=True,
            )

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Show the bar and take Ctrl-C as a request, for the length of a block."""
        if self._bar:
            self._bar.start()
        main = threading.current_thread() is threading.main_thread()
        before = signal.signal(signal.SIGINT, self._interrupt) if main else None
        try:
            yield
        finally:
            if main:
                signal.signal(signal.SIGINT, before)
            if self._bar:
                self._bar.stop()

    def on_stage(self, name: str) -> None:
        """A stage begins."""
        self._next(STAGES[name], 1)
        if not self._bar:
            self._line(STAGES[name])

    def on_progress(self, done: int, total: int) -> None:
        """How much of the stage is done."""
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)

    def on_training_step(self, seed: int, step: int, steps: int, loss: float | None) -> None:
        """A model of a seed is so far."""
        shown = "" if loss is None else f"  loss {loss:.4f}"
        text = f"training, seed {seed}  step {step:,} of {steps:,}{shown}"
        if loss is None:
            self._next(text, steps)
        if self._bar and self._task is not None:
            self._bar.update(self._task, description=text, completed=step)
        elif loss is None or step == steps or time.monotonic() - self._said > _EVERY:
            self._line(text)

    def stop_requested(self) -> bool:
        """Whether a person asked to stop."""
        return self._asked

    def _next(self, text: str, total: int) -> None:
        if self._bar:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(text, total=total)

    def _line(self, text: str) -> None:
        self._said = time.monotonic()
        self._console.print(
            f"{formatting.seconds(self._said - self._start):>8}  {text}", highlight=False
        )

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            signal.default_int_handler(number, frame)
        self._asked = True
        self._console.print("stopping at the next checkpoint; Ctrl-C again stops at once")


def print_trained(console: Console, summary: Mapping[str, Any]) -> None:
    """Print the validation metrics of the models that were trained, and where they are."""
    several = len(summary["models"]) > 1
    title = "validation" + (f", mean of {len(summary['models'])} seeds ± standard error" * several)
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("")
    for metric in METRICS:
        table.add_column(metric, justify="right")
    for pool in POOLS:
        for direction in DIRECTIONS:
            row = []
            for metric in METRICS:
                name = f"{pool}/{direction}/{metric}"
                found = summary["validation"][name]
                row.append(formatting.metric(name, found["mean"]))
                if several:
                    row[-1] += f" ± {formatting.metric(name, found['standard_error'])}"
            table.add_row(f"  {pool}/{direction}", *row)
    console.print(table)
    for model in summary["models"]:
        console.print(f"  {model}", markup=False, highlight=False, soft_wrap=True)

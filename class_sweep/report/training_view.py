"""The view of a training: a progress bar on a terminal, plain lines without one."""

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from class_sweep.rendering.blocks import Text
from class_sweep.rendering.terminal import print_blocks
from class_sweep.report.live_view import STAGES
from class_sweep.results import formatting
from class_sweep.results.callback import Callback

_LINE_INTERVAL = 10.0  # seconds between two lines on the progress of a training


class TrainingView(Callback):
    """Shows a training. Ctrl-C stops it at the next checkpoint, a second Ctrl-C at once."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._start = self._last_line = time.monotonic()
        self._stop_requested = False
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        if console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.percentage:3.0f} %"),
                TimeRemainingColumn(),
                console=console,
                transient=True,
                redirect_stderr=sys.stderr.isatty(),
            )

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Show the bar and handle Ctrl-C within a block."""
        if self._bar:
            self._bar.start()
        main_thread = threading.current_thread() is threading.main_thread()
        previous = signal.signal(signal.SIGINT, self._on_interrupt) if main_thread else None
        try:
            yield
        finally:
            if main_thread:
                signal.signal(signal.SIGINT, previous)
            if self._bar:
                self._bar.stop()

    def on_stage(self, name: str) -> None:
        """Show the stage."""
        self._new_task(STAGES.get(name, name), 1)
        if not self._bar:
            self._print_line(STAGES.get(name, name))

    def on_progress(self, done: int, total: int) -> None:
        """Show the finished part of the stage."""
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)

    def on_training_step(self, seed: int, step: int, steps: int, loss: float | None) -> None:
        """Show the step and the loss."""
        shown = "" if loss is None else f"  loss {loss:.4f}"
        text = f"training, seed {seed}  step {step:,} of {steps:,}{shown}"
        if loss is None:
            self._new_task(text, steps)
        if self._bar and self._task is not None:
            self._bar.update(self._task, description=text, completed=step)
        elif loss is None or step == steps or time.monotonic() - self._last_line > _LINE_INTERVAL:
            self._print_line(text)

    def stop_requested(self) -> bool:
        """Whether the user pressed Ctrl-C."""
        return self._stop_requested

    def _new_task(self, text: str, total: int) -> None:
        if self._bar:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(text, total=total)

    def _print_line(self, text: str) -> None:
        self._last_line = time.monotonic()
        elapsed = formatting.seconds(self._last_line - self._start)
        print_blocks(self._console, [Text(f"{elapsed:>8}  {text}")])

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._stop_requested:
            signal.default_int_handler(number, frame)
        self._stop_requested = True
        message = "stopping at the next checkpoint; Ctrl-C again stops at once"
        print_blocks(self._console, [Text(message)])

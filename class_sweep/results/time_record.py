"""`hours.json`: what a sweep with `search.hours` planned, and what it used."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from class_sweep.results import formatting
from class_sweep.results.json_files import ResultsModel


class TimeRecord(ResultsModel):
    """The plan of a sweep under `search.hours`, and its outcome.

    Attributes:
        hours: The limit.
        machine: Where the plan was measured: the GPU, or the processor and the cores of a trial.
        step_seconds: The optimizer step of one of the trials that run at once, as measured.
        evaluation_seconds: A report on validation.
        start_seconds: The start of a trial in a worker.
        worker_seconds: The start of a worker.
        trials: The planned number of trials.
        seeds: The look that the confirmation was planned for; 0 for none.
        search_seconds: The planned time of everything before the confirmation.
        confirm_seconds: The planned time of the confirmation.
        proposed: The number of trials that the sweep had time for; None before the last has ended.
        used_seconds: The time that was used; None before the end.
    """

    hours: float
    machine: str
    step_seconds: float
    evaluation_seconds: float
    start_seconds: float
    worker_seconds: float
    trials: int
    seeds: int
    search_seconds: float
    confirm_seconds: float
    proposed: int | None = None
    used_seconds: float | None = None

    @property
    def words(self) -> str:
        """What was planned and what was used, as a sentence."""
        confirmation = (
            f"a confirmation with {self.seeds} seeds in {formatting.seconds(self.confirm_seconds)}"
            if self.seeds
            else "no confirmation"
        )
        stopped = "" if self.proposed is None else f"; had time for {self.proposed}"
        used = (
            "" if self.used_seconds is None else f"; used {formatting.seconds(self.used_seconds)}"
        )
        return (
            f"search.hours {self.hours:g} ({formatting.seconds(3600 * self.hours)}): planned up to"
            f" {self.trials} trials in {formatting.seconds(self.search_seconds)} and {confirmation}"
            f", by steps measured on {self.machine}{stopped}{used}"
        )

    @property
    def trials_wanted(self) -> int:
        """The number of trials of the sweep."""
        return self.trials if self.proposed is None else self.proposed


class Timed(Protocol):
    """A line of a log: when it was written, and the seconds before that it took."""

    @property
    def at(self) -> str:
        """ISO 8601."""

    @property
    def seconds(self) -> float:
        """Wall time of the work."""


def busy_seconds(lines: Iterable[Timed]) -> float:
    """The time in which at least one of the lines was worked on.

    Time between two processes of a sweep does not count, and parallel work counts once.

    Example:
        >>> from types import SimpleNamespace as Line
        >>> at = "2026-01-01T00:00:{}+00:00".format
        >>> busy_seconds([Line(at=at("10"), seconds=5), Line(at=at("12"), seconds=4)])
        7.0
    """
    spans = []
    for line in lines:
        if line.at and line.seconds > 0:
            end = datetime.fromisoformat(line.at).timestamp()
            spans.append((end - line.seconds, end))
    total, latest = 0.0, float("-inf")
    for begin, end in sorted(spans):
        total += max(0.0, end - max(begin, latest))
        latest = max(latest, end)
    return round(total, 3)

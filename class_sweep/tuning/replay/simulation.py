"""One sweep over recorded curves: the pruner of a real one, workers whose time is samples."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from class_sweep.results.curves import Configuration, Point
from class_sweep.tuning.pruners.pruner import Pruner


@dataclass(frozen=True)
class Run:
    """A trial of a simulated sweep: its configuration, and the reports that it makes.

    Attributes:
        configuration: What it trains.
        reports: Rung (None at the end) and what is recorded there; no end where it fails.
    """

    configuration: Configuration
    reports: tuple[tuple[int | None, Point], ...]


@dataclass
class Played:
    """How a simulated sweep went.

    Attributes:
        samples: Samples seen by all trials.
        time: When the last trial ended, in samples of one worker.
        finished: Final score of each configuration that came to its end, in the order of the ends.
    """

    samples: int = 0
    time: int = 0
    finished: dict[int, float] = field(default_factory=dict)


class Source(Protocol):
    """Where a simulated sweep has its trials from."""

    def next(self) -> Run | None:
        """The next trial, or None when there are no more."""

    def reported(self, trial: int, fate: str, reports: Sequence[Point]) -> None:
        """Told what a trial has reported so far and what became of it; see `Record.decision`."""


def reports_of(
    curve: Sequence[Point], rungs: Sequence[float]
) -> tuple[tuple[int | None, Point], ...]:
    """The reports that a trial would make at rungs, given in epochs of full data.

    A rung stands at the first recorded report that reaches it; of two rungs at one, the later.
    """
    found: dict[Point, int] = {}
    for rung, epoch in enumerate(rungs):
        reached = next((point for point in curve if point.epoch >= epoch), None)
        if reached is not None and not reached.last:
            found[reached] = rung
    # Without a last report the trial failed: it stops where it was last heard of.
    return (*((found[point], point) for point in curve[:-1] if point in found), (None, curve[-1]))


def play(source: Source, pruner: Pruner, workers: int) -> Played:
    """Run a sweep to its end; reports come in the order of their time, then of their trials."""
    return _Simulation(source, pruner, workers).run()


class _Simulation:
    def __init__(self, source: Source, pruner: Pruner, workers: int) -> None:
        self._source, self._pruner, self._workers = source, pruner, workers
        self._played = Played()
        self._runs: list[Run] = []
        self._made: list[int] = []  # how many reports each trial has made
        self._events: list[tuple[int, int]] = []  # when each running trial reports next
        self._waiting: set[int] = set()
        self._running: set[int] = set()

    def run(self) -> Played:
        for _ in range(self._workers):
            self._hand_out(0)
        while self._events:
            now, trial = heapq.heappop(self._events)
            fate = self._report(trial)
            self._running.discard(trial)
            self._tell(trial, fate)
            if fate == "continue":
                self._train(trial, now)
                continue
            if fate == "pause":
                self._waiting.add(trial)
            else:
                self._end(trial, fate)
            for dropped in sorted(self._waiting - self._pruner.paused):
                self._waiting.discard(dropped)
                self._tell(dropped, "prune")
                self._end(dropped, "prune")
            self._played.time = now
            while len(self._events) < self._workers and (self._hand_out(now) or self._free(now)):
                pass
        return self._played

    def _report(self, trial: int) -> str:
        run = self._runs[trial]
        rung, point = run.reports[self._made[trial]]
        self._made[trial] += 1
        if rung is None:
            return "finish" if point.last else "fail"
        reference = bool(run.configuration.name)
        return self._pruner.decide(trial, rung, point.score, baseline=reference).decision

    def _train(self, trial: int, now: int) -> None:
        reports, made = self._runs[trial].reports, self._made[trial]
        before = reports[made - 1][1].samples if made else 0
        self._running.add(trial)
        heapq.heappush(self._events, (now + reports[made][1].samples - before, trial))

    def _hand_out(self, now: int) -> bool:
        run = self._source.next()
        if run is None:
            return False
        self._runs.append(run)
        self._made.append(0)
        self._train(len(self._runs) - 1, now)
        return True

    def _free(self, now: int) -> bool:
        """Let a paused trial go on, if the pruner lets one."""
        compared = (trial for trial in self._running if not self._runs[trial].configuration.name)
        free = self._pruner.promotable(self._waiting, compared)
        if not free:
            return False
        self._waiting.discard(free[0])
        self._train(free[0], now)
        return True

    def _tell(self, trial: int, fate: str) -> None:
        made = self._runs[trial].reports[: self._made[trial]]
        self._source.reported(trial, fate, [point for _, point in made])

    def _end(self, trial: int, fate: str) -> None:
        run = self._runs[trial]
        _, last = run.reports[self._made[trial] - 1]
        self._played.samples += last.samples
        if fate == "finish":
            self._played.finished[run.configuration.number] = last.score

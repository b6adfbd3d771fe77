"""The simulated back end: trials report recorded values in simulated time, nothing is trained."""

import heapq
from collections.abc import Callable, Sequence

from class_sweep.tuning.trial import Trial, TrialReport
from class_sweep.tuning.tuner import SweepTuner

CurveOf = Callable[[Trial], Sequence[TrialReport]]
"""Gives the reports of a trial from its start to its end; their numbers count from 0."""


class Simulation:
    """Runs the trials of a tuner on workers that train one sample per unit of time.

    The tuner's slots are the workers. Reports arrive in the order of their time, at equal times in
    the order of the trials' numbers.

    Attributes:
        time: The time of the last report, in samples of one worker.
    """

    def __init__(self, tuner: SweepTuner, curve_of: CurveOf) -> None:
        self.tuner = tuner
        self.time = 0
        self._curve_of = curve_of
        self._reports: list[tuple[int, int]] = []  # a heap of the next reports: time and trial

    def run(self) -> None:
        """Run until no trial is left to start and none is running."""
        self.start_trials()
        while self._reports:
            self.time, number = heapq.heappop(self._reports)
            self.report(number)

    def start_trials(self) -> None:
        """Start trials while the tuner has one for a free worker."""
        while isinstance(trial := self.tuner.ask(), Trial):
            self.train(trial)

    def train(self, trial: Trial) -> None:
        """Train a trial from its last report in the log to its next one."""
        report = self.next_report(trial)
        done = trial.last.samples if trial.last else 0
        heapq.heappush(self._reports, (self.time + report.samples - done, trial.number))

    def report(self, number: int) -> None:
        """Tell the tuner of a trial's report, and act on the decision."""
        trial = self.tuner.ledger[number]
        if self.tuner.tell(number, self.next_report(trial)) == "continue":
            self.train(trial)
        else:
            self.tuner.release(number)
            self.start_trials()

    def next_report(self, trial: Trial) -> TrialReport:
        """The first report of a trial that is not in the log."""
        return self._curve_of(trial)[trial.last.report + 1 if trial.last else 0]

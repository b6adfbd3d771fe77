"""What still fits into `search.hours` while a sweep runs: its log corrects the measured costs.

Each decision is made anew from the costs as they are now, so that a machine that becomes slower or
faster changes what is proposed, what is promoted and which looks a confirmation makes.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from class_sweep.curriculum.schedule import Schedule
from class_sweep.results.callback import StartedTrial
from class_sweep.results.record import Record
from class_sweep.tuning.time_plan import (
    Costs,
    SweepSize,
    idle_seconds,
    looks_that_fit,
    most_trials,
)

_SLACK = 0.07  # of the time, by which what has begun may exceed it
_TOLERANCE = 0.02  # of the time, below which no trial is given up
_MEMORY = 0.08  # of the time: older legs hardly count for the speed of now


class Pace:
    """The costs of now: the measured ones, corrected by the legs that were logged.

    A leg counts with exp(−age / memory). The measured costs count as one trial at the beginning.

    Attributes:
        measured: The measured costs.
        worker: The seconds in which a worker starts.
    """

    def __init__(self, measured: Costs, trial: float, memory: float) -> None:
        """Begin with the measured costs.

        Args:
            measured: The measured costs.
            trial: The seconds of a whole trial, by which the measured costs are weighted.
            memory: The seconds after which a leg counts 1/e.
        """
        self.measured, self._memory, self._latest = measured, memory, 0.0
        self._modelled = self._seen = trial
        self._legs, self._overhead = 1.0, measured.overhead
        self.worker = measured.worker

    @property
    def factor(self) -> float:
        """How many times as long as measured the work within a worker takes now."""
        return self._seen / self._modelled

    @property
    def costs(self) -> Costs:
        """The costs of now."""
        return self.measured.corrected(self.factor, self._overhead / self._legs, self.worker)

    def leg(self, at: float, steps: float, seconds: float, outside: float, *, new: bool) -> None:
        """Learn from a leg.

        Args:
            at: The time of its report.
            steps: Its optimizer steps.
            seconds: Its time within the worker.
            outside: Its time outside.
            new: Whether its worker had to start.
        """
        self.work(at, self.measured.in_worker(steps), seconds)
        if new:
            self.worker = (self.worker + outside) / 2
        else:
            self._legs += 1
            self._overhead += outside

    def work(self, at: float, modelled: float, seconds: float) -> None:
        """Learn from work that takes `modelled` seconds by the measured costs."""
        kept = math.exp(-max(0.0, at - self._latest) / self._memory)
        self._latest = max(self._latest, at)
        self._modelled = kept * self._modelled + modelled
        self._seen = kept * self._seen + seconds
        self._legs, self._overhead = kept * self._legs, kept * self._overhead


@dataclass
class _Progress:
    """One trial: what it will train and has trained, and since when its leg runs."""

    total: int  # samples
    samples: int = 0
    legs: int = 0
    since: float | None = None
    new: bool = False  # whether its worker started with it
    ended: bool = False


@dataclass
class _Sum:
    """The work of several trials, summed so that a decision takes no longer in a long sweep."""

    trials: int = 0
    samples: int = 0
    legs: int = 0

    def add(self, samples: int, legs: int, trials: int = 0) -> None:
        self.trials, self.samples = self.trials + trials, self.samples + samples
        self.legs += legs

    def seconds(self, size: SweepSize, costs: Costs) -> float:
        return costs.work(size.steps(self.samples), self.legs)


class TimeLeft:
    """Decides what may begin in the time of a sweep. It reads no clock but that of its caller.

    Attributes:
        pace: The costs of now.
    """

    def __init__(
        self,
        size: SweepSize,
        measured: Costs,
        seconds: float,
        clock: Callable[[], float],
        at_once: Callable[[], int],
    ) -> None:
        """Begin with the measured costs.

        Args:
            size: The work of the sweep.
            measured: The measured costs.
            seconds: The time of the sweep.
            clock: Returns the seconds that the sweep has used.
            at_once: Returns how many trials can run at once.
        """
        self._size, self._seconds, self._clock, self._at_once = size, seconds, clock, at_once
        self.pace = Pace(measured, size.full_trial(measured), _MEMORY * seconds)
        self._trials: dict[int, _Progress] = {}
        self._running: dict[int, _Progress] = {}
        self._done, self._open, self._ended = _Sum(), _Sum(), _Sum()
        self._baselines: list[float] = []  # their lengths, in lengths of the full data
        self._lengths: list[float] = [0, 0.0]  # of all others: number and sum
        self._workers = 0  # that have begun a trial
        self._begun_runs = False  # whether the workers of the confirmation have started

    @property
    def left(self) -> float:
        """The seconds left; negative when the time is up."""
        return self._seconds - self._clock()

    def started(self, trial: StartedTrial) -> None:
        """Note that a trial starts or continues in a worker."""
        progress = self._trials.get(trial.number)
        if progress is None:
            progress = self._trials[trial.number] = self._new(trial)
        progress.since, progress.new = self._clock(), self._workers < self._at_once()
        self._running[trial.number] = progress
        self._workers += 1

    def reported(self, record: Record) -> None:
        """Learn from a report as it is logged."""
        now, progress = self._clock(), self._trials[record.trial]
        trained = record.samples - progress.samples
        if progress.since is not None and trained > 0 and record.same_as is None:
            outside = max(0.0, now - progress.since - record.seconds)
            self.pace.leg(now, self._size.steps(trained), record.seconds, outside, new=progress.new)
        self.logged(record)
        progress.new, progress.since = False, now
        if record.decision != "continue":
            self._running.pop(record.trial, None)

    def logged(self, record: Record) -> None:
        """Count a report of an earlier process, whose times say nothing about now."""
        progress = self._trials.get(record.trial)
        if progress is None:
            progress = self._trials[record.trial] = self._new(record)
        trained = record.samples - progress.samples
        if trained > 0:
            progress.samples, progress.legs = record.samples, progress.legs + 1
            self._done.add(trained, 1)
            self._open.add(-trained, -1)
        if record.ended and not progress.ended:
            progress.ended = True
            self._open.add(progress.samples - progress.total, progress.legs - self._most_legs)
            self._ended.add(progress.samples, progress.legs, 1)

    def looked(self, samples: Sequence[float], seconds: float) -> None:
        """Learn from complete runs of a confirmation that took some seconds together.

        Args:
            samples: The samples of each run.
            seconds: The time of all.
        """
        if not samples:
            return
        expected, self._begun_runs = self._runs_seconds(samples), True
        modelled = sum(self.pace.measured.in_worker(self._size.steps(run)) for run in samples)
        factor = seconds / expected * self.pace.factor
        self.pace.work(self._clock(), modelled, factor * modelled)

    @property
    def is_up(self) -> bool:
        """Whether nothing may begin any more, not even what belongs to something begun."""
        return self.left < -_SLACK * self._seconds

    def fits(self, samples: Sequence[float]) -> bool:
        """Whether complete runs, of these samples each, fit into the time that is left."""
        return self._runs_seconds(samples) <= self.left + _SLACK * self._seconds

    def _runs_seconds(self, samples: Sequence[float]) -> float:
        """The time of complete runs from now, with the start of their workers."""
        costs = self.pace.costs
        start = 0.0 if self._begun_runs else costs.worker
        return start + self._size.runs_seconds(samples, costs, self._at_once())

    def trials(self, proposed: int) -> int:
        """The number of trials that fit beside the confirmation, the fewest at least.

        It is below `proposed` only where these exceed the time clearly.
        """
        costs, at_once = self.pace.costs, self._at_once()
        ending = self._ending(costs, at_once)
        *looks, _ = looks_that_fit(self._size, costs, at_once, self._seconds, self._mean_length)
        for number, (_, confirm) in enumerate(looks, start=1):
            # The first look may cost half of the trials so far, a later one none of them.
            trials = proposed // 2 if number == len(looks) else proposed
            if ending(trials) <= self.left - confirm + _SLACK * self._seconds:
                return self._most(proposed, ending, self.left - confirm)
        return self._most(proposed, ending, self.left)

    def _most(self, proposed: int, ending: Callable[[int], float], left: float) -> int:
        fit = most_trials(self._size, ending, left)
        if fit < proposed:
            left += _TOLERANCE * self._seconds
            fit = min(proposed, most_trials(self._size, ending, left))
        return fit

    def _ending(self, costs: Costs, at_once: int) -> Callable[[int], float]:
        """The seconds from now until a number of trials have ended."""
        size, now = self._size, self._clock()
        done, open_work = (part.seconds(size, costs) for part in (self._done, self._open))
        leg = done / self._done.legs if self._done.legs else size.full_trial(costs)
        running = sum(min(leg, now - (t.since or now)) for t in self._running.values())
        length, mean = self._mean_length, self._mean_trial(costs)
        more = idle_seconds(size, costs, at_once) + (0.0 if self._workers else costs.worker)

        def ending(number: int) -> float:
            work = size.work(number, costs, length, self._baselines)
            expected = (number * mean if work is None else work) - done
            possible = open_work + max(0, number - len(self._trials)) * size.full_trial(costs)
            return max(0.0, min(expected, possible) - running) / at_once + more

        return ending

    def _mean_trial(self, costs: Costs) -> float:
        """The seconds of a trial: the mean of those that have ended, and one of full length."""
        full = self._size.full_trial(costs)
        return (self._ended.seconds(self._size, costs) + full) / (self._ended.trials + 1)

    @property
    def _mean_length(self) -> float:
        """The mean length of the schedules so far, in lengths of full data or of their share."""
        number, total = self._lengths
        return total / number if number else 1.0

    @property
    def _most_legs(self) -> int:
        return 1 + len(self._size.rungs.samples)

    def _new(self, trial: StartedTrial | Record) -> _Progress:
        """A trial before its first step."""
        settings = self._size.space.resolve(trial.config)
        total = Schedule.of(settings, self._size.pairs).samples
        length = total / self._size.full / (trial.share or 1.0)
        if trial.name is not None and not trial.tuned:
            self._baselines.append(length)
        else:
            self._lengths = [self._lengths[0] + 1, self._lengths[1] + length]
        self._open.add(total, self._most_legs)
        return _Progress(total)

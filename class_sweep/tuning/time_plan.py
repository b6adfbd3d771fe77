"""Fits a sweep and its confirmation into `search.hours`, by the measured costs of their parts.

The confirmation may take at most `CONFIRMATION_PART` of the time: evidence then costs at most 1.5
times the search that it confirms. The rest is for the search.
"""

import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Self

from class_sweep.config.confirm import LOOKS
from class_sweep.config.document import Space
from class_sweep.curriculum.schedule import full_data_samples
from class_sweep.tuning.milestones import Rungs
from class_sweep.tuning.pruner_groups import Places, expected_samples, expected_work

CONFIRMATION_PART = 0.6
RAY_START = 4.0
"""Seconds in which Ray starts on one quiet machine: 3.7 on two cores, and up to 15 on busy ones."""
WORKER_START = 1.5
"""Seconds in which a worker starts and imports what a trial needs on a quiet machine: 1.3 on two
cores, and up to 10 on busy ones."""
LEG_OVERHEAD = 0.2
"""Seconds between two legs of trials in one worker: the report, the decision, the next trial."""
_UNITS = 1e6  # of work in a second


@dataclass(frozen=True)
class Costs:
    """What the parts of a trial cost while as many trials run at once as can.

    A leg is the part of a trial between two of its reports.

    Attributes:
        step: The seconds of an optimizer step.
        evaluation: The seconds of a report on validation.
        start: The seconds before the first step of a leg: the trainer, or its checkpoint.
        machine: The GPU, or the processor and the number of its cores that the trial uses.
        overhead: The seconds of a leg outside its worker.
        worker: The seconds in which a worker starts.
    """

    step: float
    evaluation: float
    start: float
    machine: str
    overhead: float = LEG_OVERHEAD
    worker: float = WORKER_START

    def in_worker(self, steps: float) -> float:
        """The seconds of a leg within its worker."""
        return self.start + steps * self.step + self.evaluation

    def work(self, steps: float, legs: int = 1) -> float:
        """The seconds of legs with some steps in all."""
        return legs * (self.overhead + self.in_worker(0)) + steps * self.step

    def corrected(self, factor: float, overhead: float, worker: float) -> "Costs":
        """The costs of a machine that is `factor` times as slow, with other costs outside."""
        return replace(
            self,
            step=factor * self.step,
            evaluation=factor * self.evaluation,
            start=factor * self.start,
            overhead=overhead,
            worker=worker,
        )


@dataclass(frozen=True)
class SweepSize:
    """The work of a sweep and of its confirmation.

    Attributes:
        space: The space.
        pairs: The number of training pairs.
        rungs: Its rungs.
        full: The samples of one trial on the full data.
    """

    space: Space
    pairs: int
    rungs: Rungs
    full: int

    @classmethod
    def of(cls, space: Space, pairs: int) -> Self:
        """The size of a space over a number of training pairs."""
        settings = space.settings
        full = full_data_samples(pairs, settings.optimizer.batch_size, settings.budget)
        return cls(space, pairs, Rungs.of(space, pairs), full)

    @property
    def least(self) -> int:
        """The fewest trials: all baselines, and one of each group."""
        groups = len(self.space.group_sizes)
        return min(
            self.space.settings.search.trials, len(self.space.settings.search.baselines) + groups
        )

    def steps(self, samples: float) -> float:
        """The optimizer steps of a number of samples."""
        return samples / self.space.settings.optimizer.batch_size

    def full_trial(self, costs: Costs) -> float:
        """The seconds of a trial on the full data that no pruner stops."""
        return costs.work(self.steps(self.full), 1 + len(self.rungs.samples))

    def samples(self, trials: int) -> int | None:
        """The expected samples of a sweep of so many trials; None if the pruner cannot tell."""
        own = self.rungs.fractions is not None
        return expected_samples(
            self.space, self.rungs.samples, self.full, own_schedule=own, trials=trials
        )

    def work(
        self, trials: int, costs: Costs, length: float = 1.0, baselines: Sequence[float] = ()
    ) -> float | None:
        """The expected seconds of one worker for all trials; None if the pruner cannot tell.

        Args:
            trials: The number of trials, baselines included.
            costs: The costs.
            length: The mean length of a schedule, in lengths of the full data or of its share.
            baselines: The lengths of the baselines, as far as they are known.
        """
        sizes = self.space.first_group_sizes(trials)
        work = expected_work(self.space, sizes, lambda share: self._places(share, costs, length))
        if work is None:
            return None
        unknown = len(self.space.settings.search.baselines) - len(baselines)
        lengths = [*baselines, *[1.0] * unknown]
        return work / _UNITS + sum(self._places(1.0, costs, part)[1] for part in lengths) / _UNITS

    def _places(self, share: float, costs: Costs, length: float) -> Places:
        """Where the rungs and the end of a trial are, in units of work."""
        full = share * length * self.full
        own = self.rungs.fractions is not None
        rungs = [share * length * rung if own else rung for rung in self.rungs.samples]
        met = sum(rung < full for rung in rungs)
        end = round(_UNITS * costs.work(self.steps(full), met + 1))
        places = [round(_UNITS * costs.work(self.steps(r), n + 1)) for n, r in enumerate(rungs)]
        return [place if n < met else end for n, place in enumerate(places)], end

    def looks(self, seeds: int, length: float = 1.0) -> list[list[float]]:
        """The samples of each run of a confirmation, by look, of the arms that are sure to run.

        Args:
            seeds: The last look.
            length: The mean length of a schedule; see `work`.
        """
        settings = self.space.settings
        if not settings.confirms:
            return []
        confirm = settings.confirm
        finalist = length * fmean(settings.search.shares or [1.0]) * self.full
        runs, before = [], 0
        for look in (look for look in LOOKS if look <= seeds):
            arms = [self.full, *[finalist] * confirm.finalists]
            runs.append([float(arm) for arm in arms] * (look - before))
            before = look
        stopped = [share * self.full for share in confirm.full_data_frontier]
        return [*runs, stopped * min(seeds, confirm.seeds)] if stopped else runs

    def confirmation(self, seeds: int, costs: Costs, at_once: int, length: float = 1.0) -> float:
        """The seconds of a confirmation up to a look; see `looks`."""
        looks = self.looks(seeds, length)
        waves = (self.runs_seconds(runs, costs, at_once) for runs in looks)
        return costs.worker + sum(waves) if looks else 0.0

    def runs_seconds(self, samples: Sequence[float], costs: Costs, at_once: int) -> float:
        """The seconds of complete runs, each one leg, `at_once` at a time."""
        return makespan([costs.work(self.steps(run)) for run in samples], at_once)


@dataclass(frozen=True)
class TimePlan:
    """What fits into the time.

    Attributes:
        trials: The number of trials.
        seeds: The look that the confirmation is planned for; 0 for none.
        search_seconds: The time for the trials.
        confirm_seconds: The expected time of the confirmation.
    """

    trials: int
    seeds: int
    search_seconds: float
    confirm_seconds: float


def plan_time(size: SweepSize, costs: Costs, at_once: int, seconds: float) -> TimePlan | None:
    """The plan of a sweep, or None if its fewest trials take longer than it has.

    The confirmation is planned for `confirm.seeds`, or an earlier look where these take too much.

    Args:
        size: The work of the sweep.
        costs: The measured costs.
        at_once: The number of trials that run at once.
        seconds: The time from now on.
    """
    for seeds, confirm in looks_that_fit(size, costs, at_once, seconds):
        left = seconds - confirm

        def ending(trials: int) -> float:
            return costs.worker + search_seconds(size, trials, costs, at_once)

        if ending(size.least) <= left:
            return TimePlan(most_trials(size, ending, left), seeds, left, confirm)
    return None


def looks_that_fit(
    size: SweepSize, costs: Costs, at_once: int, seconds: float, length: float = 1.0
) -> Iterator[tuple[int, float]]:
    """The looks that take at most their part of the time, the latest first, and their seconds.

    The last one is 0, for no confirmation.
    """
    confirm = size.space.settings.confirm
    for look in reversed(LOOKS if size.space.settings.confirms else ()):
        if look <= confirm.seeds:
            needed = size.confirmation(look, costs, at_once, length)
            if needed <= CONFIRMATION_PART * seconds:
                yield look, needed
    yield 0, 0.0


def search_seconds(size: SweepSize, trials: int, costs: Costs, at_once: int) -> float:
    """The expected time of all trials; as if none is pruned, where the pruner cannot tell."""
    work = size.work(trials, costs)
    if work is None:
        work = trials * size.full_trial(costs)
    return work / at_once + idle_seconds(size, costs, at_once)


def idle_seconds(size: SweepSize, costs: Costs, at_once: int) -> float:
    """The expected time in which workers have nothing left to do: half of a last leg."""
    last = size.full - max((rung for rung in size.rungs.samples if rung < size.full), default=0)
    return (1 - 1 / at_once) / 2 * costs.work(size.steps(last))


def most_trials(size: SweepSize, ending: Callable[[int], float], seconds: float) -> int:
    """The largest number of trials whose end is in time, and never fewer than the fewest.

    Args:
        size: The work of the sweep.
        ending: Returns the seconds that a number of trials takes; it never falls.
        seconds: The time.
    """
    least = size.least
    numbers = range(least, size.space.settings.search.trials + 1)
    return max(least, least - 1 + bisect_right(numbers, seconds, key=ending))


def makespan(seconds: Sequence[float], at_once: int) -> float:
    """The time of jobs that start in their order, each as soon as one of the workers is free.

    Example:
        >>> makespan([3.0, 2.0, 2.0], 2)
        4.0
    """
    free = [0.0] * at_once
    for job in seconds:
        heapq.heappush(free, heapq.heappop(free) + job)
    return max(free)

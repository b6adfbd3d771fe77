"""Fits a sweep and its confirmation into `search.hours`, by the samples that both take.

The confirmation may take at most `CONFIRMATION_PART` of the time: evidence then costs at most 1.5
times the search that it confirms. The rest is for the search.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean

from class_sweep.config.confirm import LOOKS
from class_sweep.config.document import Space
from class_sweep.tuning.milestones import Rungs
from class_sweep.tuning.pruner_groups import expected_samples

CONFIRMATION_PART = 0.6


@dataclass(frozen=True)
class StepTime:
    """The speed of one trial.

    Attributes:
        step: The seconds of an optimizer step.
        evaluation: The seconds of a report on validation.
        machine: The GPU, or the processor and the number of its cores that the trial uses.
    """

    step: float
    evaluation: float
    machine: str

    def trial(self, steps: float, reports: int) -> float:
        """The seconds of a trial.

        Args:
            steps: Its optimizer steps.
            reports: Its reports, the last one included.
        """
        return steps * self.step + reports * self.evaluation


@dataclass(frozen=True)
class SweepSize:
    """The samples of a sweep and of its confirmation.

    Attributes:
        space: The space.
        rungs: Its rungs.
        full: The samples of one trial on the full data.
    """

    space: Space
    rungs: Rungs
    full: int

    @property
    def least(self) -> int:
        """The fewest trials: all baselines, full data's given trials, a schedule for each share."""
        search = self.space.settings.search
        own = search.full_data_trials if isinstance(search.full_data_trials, int) else 0
        least = len(search.baselines) + own + max(1, len(search.shares))
        return min(search.trials, least)

    def search(self, trials: int) -> int | None:
        """The expected samples of a sweep of so many trials; None if the pruner cannot tell."""
        return self._expected(planned_space(self.space, trials), None)

    def proposed(self, trials: int) -> int | None:
        """The expected samples of the sweep if no more than its first trials are proposed."""
        return self._expected(self.space, trials)

    def _expected(self, space: Space, proposed: int | None) -> int | None:
        return expected_samples(
            space,
            self.rungs.samples,
            self.full,
            own_schedule=self.rungs.fractions is not None,
            proposed=proposed,
        )

    def confirmation(self, seeds: int) -> int:
        """The samples of the finalists, the first control and the frontier under some seeds."""
        settings = self.space.settings
        if not settings.confirms:
            return 0
        share = fmean(settings.search.shares or [1.0])
        parts = 1 + settings.confirm.finalists * share
        frontier = sum(settings.confirm.full_data_frontier) * min(seeds, settings.confirm.seeds)
        return round((parts * seeds + frontier) * self.full)


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


def plan_time(size: SweepSize, rate: float, seconds: float) -> TimePlan | None:
    """The plan of a sweep, or None if its fewest trials take longer than it has.

    The confirmation is planned for `confirm.seeds`, or an earlier look where these take too much.

    Args:
        size: The samples of the sweep.
        rate: The samples in a second of all trials that run at once.
        seconds: The time from now on.
    """
    for seeds in _looks(size):
        confirm = size.confirmation(seeds) / rate
        if confirm > CONFIRMATION_PART * seconds:
            continue
        trials = most_trials(size, rate * (seconds - confirm))
        if trials is not None:
            return TimePlan(trials, seeds, seconds - confirm, confirm)
    return None


def most_trials(size: SweepSize, samples: float) -> int | None:
    """The largest number of trials whose expected samples fit; None if the fewest do not.

    All trials of the space, where the pruner cannot tell: the sweep stops proposing in time.
    """
    low, high = size.least, size.space.settings.search.trials
    if (size.search(low) or low * size.full) > samples:
        return None
    while low < high:
        middle = (low + high + 1) // 2
        if (size.search(middle) or 0) <= samples:
            low = middle
        else:
            high = middle - 1
    return low


def planned_space(space: Space, trials: int) -> Space:
    """The space with another number of trials."""
    search = space.settings.search.model_copy(update={"trials": trials})
    return space.changed(settings=space.settings.model_copy(update={"search": search}))


def _looks(size: SweepSize) -> Iterator[int]:
    """The looks to plan for, the latest first, then none."""
    confirm = size.space.settings.confirm
    if size.space.settings.confirms:
        yield from (look for look in reversed(LOOKS) if look <= confirm.seeds)
    yield 0

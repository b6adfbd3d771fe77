"""The pruners of a sweep, one for each group of trials that are compared with each other."""

from collections.abc import Iterable, Sequence
from typing import Self

from class_sweep.config.document import Space
from class_sweep.config.full_data import FULL_DATA
from class_sweep.tuning.pruners.pruner import Pruner, PruningDecision, make_pruner
from class_sweep.tuning.trial import Trial


class PrunerGroups:
    """Compares schedules with schedules, and full data's own trials with each other.

    Schedules would otherwise prune full data before it is tuned, or full data the schedules.
    """

    def __init__(self, schedules: Pruner, full_data: Pruner | None = None) -> None:
        """Set the pruners, without reports.

        Args:
            schedules: The pruner of all trials but those of `full_data`.
            full_data: The pruner of full data's trials; None if it has none of its own.
        """
        self._schedules = schedules
        self._named = {} if full_data is None else {FULL_DATA: full_data}

    @classmethod
    def of(cls, space: Space, rungs: int) -> Self:
        """The pruners of a space for a number of rungs."""
        pruning, own = space.settings.pruning, space.full_data_trials
        schedules = make_pruner(pruning, rungs, space.schedule_trials)
        return cls(schedules, make_pruner(pruning, rungs, own) if own else None)

    def decide(self, trial: Trial, rung: int, score: float) -> PruningDecision:
        """Decide on a trial at a rung within its group; see `Pruner.decide`."""
        return self._of(trial).decide(trial.number, rung, score, baseline=trial.is_baseline)

    def promotable(self, paused: Sequence[Trial], under_way: Sequence[Trial]) -> list[int]:
        """The paused trials that can be promoted now, those of full data last.

        Args:
            paused: All paused trials.
            under_way: The trials that run or will start again.
        """
        return [
            number
            for pruner in self._all
            for number in pruner.promotable(
                self._numbers(paused, pruner),
                self._numbers((t for t in under_way if not t.is_baseline), pruner),
            )
        ]

    @property
    def paused(self) -> frozenset[int]:
        """The paused trials that keep their rung capacity."""
        return frozenset().union(*(pruner.paused for pruner in self._all))

    @property
    def max_paused(self) -> int:
        """The largest number of trials that are paused at the same time."""
        return sum(pruner.max_paused for pruner in self._all)

    @property
    def _all(self) -> list[Pruner]:
        return [self._schedules, *self._named.values()]

    def _of(self, trial: Trial) -> Pruner:
        return (
            self._schedules if trial.name is None else self._named.get(trial.name, self._schedules)
        )

    def _numbers(self, trials: Iterable[Trial], pruner: Pruner) -> list[int]:
        return [trial.number for trial in trials if self._of(trial) is pruner]


def expected_samples(space: Space, rungs: Sequence[int], full: int) -> int | None:
    """The samples that all trials of a sweep see together, or None if that is not predictable.

    Args:
        space: The space.
        rungs: The samples of each rung.
        full: The samples of a complete trial.
    """
    search, total = space.settings.search, 0
    for trials in (space.schedule_trials, space.full_data_trials):
        pruner = make_pruner(space.settings.pruning, len(rungs), trials)
        expected = pruner.expected_samples(rungs, trials, full)
        if expected is None:
            return None
        total += expected
    return total + len(search.baselines) * full

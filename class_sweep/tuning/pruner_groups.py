"""The pruners of a sweep, one for each group of trials that are compared with each other."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Self

from class_sweep.config.document import Space
from class_sweep.config.search_groups import Group, group_of
from class_sweep.tuning.pruners.pruner import Pruner, PruningDecision, make_pruner
from class_sweep.tuning.trial import Trial


class PrunerGroups:
    """Compares each trial with its group alone; see `config.search_groups`.

    Schedules would otherwise prune full data before it is tuned, or full data the schedules.
    """

    def __init__(self, pruners: Mapping[Group, Pruner]) -> None:
        """Set the pruners, without reports.

        Args:
            pruners: The pruner of each group.
        """
        self._pruners = pruners

    @classmethod
    def of(cls, space: Space, rungs: int) -> Self:
        """The pruners of a space for a number of rungs."""
        pruning = space.settings.pruning
        return cls({g: make_pruner(pruning, rungs, n) for g, n in space.group_sizes.items()})

    def decide(self, trial: Trial, rung: int, score: float) -> PruningDecision:
        """Decide on a trial at a rung within its group; see `Pruner.decide`.

        A baseline in a sweep with shares has no group: it continues.
        """
        pruner = self._of(trial)
        if pruner is None:
            return PruningDecision("continue", compared=False)
        return pruner.decide(trial.number, rung, score, baseline=trial.is_baseline)

    def promotable(self, paused: Sequence[Trial], under_way: Sequence[Trial]) -> list[int]:
        """The paused trials that can be promoted now, those of full data last.

        Args:
            paused: All paused trials.
            under_way: The trials that run or will start again.
        """
        return [
            number
            for pruner in self._pruners.values()
            for number in pruner.promotable(
                self._numbers(paused, pruner),
                self._numbers((t for t in under_way if not t.is_baseline), pruner),
            )
        ]

    def expect(self, proposed: Iterable[Trial], share: float) -> None:
        """Expect as many trials in each group as were proposed, or a share of them.

        Args:
            proposed: All proposed trials, without reruns.
            share: The share of them, at most 1, in whose number each group is pruned.
        """
        counts = Counter(group_of(trial) for trial in proposed if not trial.is_baseline)
        for group, pruner in self._pruners.items():
            pruner.expect(max(1, round(share * counts[group])))

    @property
    def paused(self) -> frozenset[int]:
        """The paused trials that keep their rung capacity."""
        return frozenset().union(*(pruner.paused for pruner in self._pruners.values()))

    @property
    def max_paused(self) -> int:
        """The largest number of trials that are paused at the same time."""
        return sum(pruner.max_paused for pruner in self._pruners.values())

    def _of(self, trial: Trial) -> Pruner | None:
        return self._pruners.get(group_of(trial)) or self._pruners.get(None)

    def _numbers(self, trials: Iterable[Trial], pruner: Pruner) -> list[int]:
        return [trial.number for trial in trials if self._of(trial) is pruner]


Places = tuple[Sequence[int], int]
"""Where the rungs of a trial and its end are, in samples or in any other measure of work."""


def expected_work(
    space: Space, sizes: Mapping[Group, int], places_of: Callable[[float], Places]
) -> int | None:
    """The work of a sweep without its baselines, or None if the pruner cannot tell.

    Args:
        space: The space.
        sizes: The number of trials of each group.
        places_of: Returns where the rungs and the end of a trial are, from its group's share of
            full data; in the measure of the result.
    """
    total = 0
    for group, trials in sizes.items():
        rungs, end = places_of(group if isinstance(group, float) else 1.0)
        pruner = make_pruner(space.settings.pruning, len(rungs), trials)
        expected = pruner.expected_samples(rungs, trials, end)
        if expected is None:
            return None
        total += expected
    return total


def expected_samples(
    space: Space,
    rungs: Sequence[int],
    full: int,
    *,
    own_schedule: bool = False,
    trials: int | None = None,
) -> int | None:
    """The samples that all trials of a sweep see together, or None if that is not predictable.

    Args:
        space: The space.
        rungs: The samples of each rung of a trial over the full data.
        full: The samples of a complete trial over the full data.
        own_schedule: Whether the rungs are at fractions of each trial's own schedule.
        trials: The number of trials; None for all of the space.
    """

    def places(share: float) -> Places:
        met = [round(share * rung) for rung in rungs] if own_schedule else rungs
        return met, round(share * full)

    sizes = space.group_sizes if trials is None else space.first_group_sizes(trials)
    proposed = expected_work(space, sizes, places)
    return None if proposed is None else len(space.settings.search.baselines) * full + proposed

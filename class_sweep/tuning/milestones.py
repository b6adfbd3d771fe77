"""The milestones at which a trial reports: each rung and its end.

Rungs are at equal numbers of samples, or at equal fractions of each trial's own schedule. Both are
the same for full data.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from class_sweep.config.document import Space
from class_sweep.config.pruning import RungPruning
from class_sweep.curriculum.schedule import Schedule
from class_sweep.curriculum.schedule_bounds import resolve_grace
from class_sweep.tuning.pruners.pruner import rung_epochs


@dataclass(frozen=True)
class Milestone:
    """A step after which a trial reports.

    Attributes:
        step: The optimizer steps until then.
        rung: The number of the rung, or None at the trial's end.
        last: Whether the trial ends here.
    """

    step: int
    rung: int | None
    last: bool


@dataclass(frozen=True)
class Rungs:
    """The rungs of a sweep.

    Attributes:
        samples: The samples at each rung for a trial over the full data, ascending.
        fractions: The fraction of its own steps at which each trial meets each rung; None if all
            trials meet at `samples`.
    """

    samples: tuple[int, ...]
    fractions: tuple[float, ...] | None = None

    @classmethod
    def of(cls, space: Space, pairs: int) -> "Rungs":
        """The rungs of the pruner of a space.

        A recording reports at each epoch of full data, so that the rungs of any pruner can be
        simulated.

        Args:
            space: The search space.
            pairs: The number of training pairs.
        """
        epochs, limit = space.settings.budget.epochs, space.settings.budget.samples
        if space.settings.search.record is not None:
            return cls(tuple(epoch * pairs for epoch in range(1, epochs)))
        most_epochs = epochs if limit is None else min(epochs, limit / pairs)
        pruning = resolve_grace(space, most_epochs)
        rungs = rung_epochs(pruning, epochs)
        samples = tuple(math.ceil(round(rung * pairs, 6)) for rung in rungs)  # 1.1 * 100 > 110
        if isinstance(pruning, RungPruning) and pruning.follow_the_schedule:
            return cls(samples, tuple(rung / most_epochs for rung in rungs))
        return cls(samples)

    def steps(self, schedule: Schedule) -> list[int]:
        """The first step of a trial that reaches each rung; it may be beyond the trial's end."""
        if self.fractions is None:
            return [math.ceil(samples / schedule.batch_size) for samples in self.samples]
        return [math.ceil(round(part * schedule.steps, 6)) for part in self.fractions]


def milestones(schedule: Schedule, steps: Sequence[int]) -> list[Milestone]:
    """The reports of one trial: each rung before its end, then the end.

    Args:
        schedule: The trial's schedule.
        steps: The step of each rung; see `Rungs.steps`.
    """
    at_rungs = [
        Milestone(step, rung, last=False)
        for rung, step in enumerate(steps)
        if step < schedule.steps
    ]
    # With a very large batch one step may reach two rungs; the later rung counts.
    by_step = {milestone.step: milestone for milestone in at_rungs}
    return [*by_step.values(), Milestone(schedule.steps, None, last=True)]

"""The milestones at which a trial reports: each rung, at a number of samples, and its end."""

import math
from dataclasses import dataclass

from class_sweep.config.document import Space
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


def rung_samples(space: Space, pairs: int) -> list[int]:
    """The samples at which the trials of a sweep report before their end, ascending.

    They are the rungs of its pruner. A recording reports at each epoch of full data, so that the
    rungs of any pruner can be simulated.

    Args:
        space: The search space.
        pairs: The number of training pairs.
    """
    epochs, samples = space.settings.budget.epochs, space.settings.budget.samples
    if space.settings.search.record is not None:
        return [epoch * pairs for epoch in range(1, epochs)]
    most_epochs = epochs if samples is None else min(epochs, samples / pairs)
    rungs = rung_epochs(resolve_grace(space, most_epochs), epochs)
    return [math.ceil(round(rung * pairs, 6)) for rung in rungs]  # 1.1 * 100 > 110


def milestones(schedule: Schedule, rungs: list[int]) -> list[Milestone]:
    """The reports of one trial: each rung at the first step that reaches it, then the end.

    Args:
        schedule: The trial's schedule.
        rungs: The samples of each rung.
    """
    at_rungs = []
    for rung, samples in enumerate(rungs):
        step = math.ceil(samples / schedule.batch_size)
        if step < schedule.steps:
            at_rungs.append(Milestone(step, rung, last=False))
    # With a very large batch one step may reach two rungs; the later rung counts.
    by_step = {milestone.step: milestone for milestone in at_rungs}
    return [*by_step.values(), Milestone(schedule.steps, None, last=True)]

"""When a trial reports: at the rungs, which stand at numbers of samples seen, and at its end."""

import math
from dataclasses import dataclass

from class_sweep.config.sections import Budget, Pruning
from class_sweep.curriculum.schedule import Schedule


@dataclass(frozen=True)
class Milestone:
    """A step after which a trial reports.

    Attributes:
        step: Optimizer steps done by then.
        rung: The rung that is reached, or None where this is only the trial's end.
        last: Whether the trial ends here.
    """

    step: int
    rung: int | None
    last: bool


def rung_samples(pruning: Pruning, budget: Budget, pairs: int) -> list[int]:
    """The samples at each rung: grace_epochs · η^r epochs of full data, below the whole budget.

    Rungs count samples and not epochs, so that schedules meet after equal compute.
    """
    if pruning.kind == "none":
        return []
    rungs = []
    epochs = pruning.grace_epochs
    while epochs < budget.epochs:
        rungs.append(math.ceil(round(epochs * pairs, 6)))  # 1.1 * 100 is a hair above 110
        epochs *= pruning.reduction_factor
    return rungs


def milestones(schedule: Schedule, rungs: list[int]) -> list[Milestone]:
    """The reports of one trial: each rung at the first step that reaches it, then the end."""
    found = []
    for rung, samples in enumerate(rungs):
        step = math.ceil(samples / schedule.batch_size)
        if step < schedule.steps:
            found.append(Milestone(step, rung, last=False))
    # A later rung at the same step (a very coarse batch) stands for the earlier one.
    by_step = {milestone.step: milestone for milestone in found}
    return [*by_step.values(), Milestone(schedule.steps, None, last=True)]

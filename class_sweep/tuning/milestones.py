"""When a trial reports: at the rungs, which stand at numbers of samples seen, and at its end."""

import math
from dataclasses import dataclass

from class_sweep.config.document import Space
from class_sweep.config.pruning import (
    AshaPruning,
    HalvingPruning,
    HyperbandPruning,
    PruningSettings,
    RungPruning,
)
from class_sweep.curriculum.schedule import Schedule
from class_sweep.curriculum.schedule_bounds import resolve_grace


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


def ladder(space: Space, pairs: int) -> list[int]:
    """The samples at which the trials of a sweep report before their end.

    The rungs of its pruning; or for a recording every epoch of full data, so that the rungs of any
    pruning can be replayed over it.
    """
    epochs, samples = space.settings.budget.epochs, space.settings.budget.samples
    if space.settings.search.record is not None:
        return [epoch * pairs for epoch in range(1, epochs)]
    most = epochs if samples is None else min(epochs, samples / pairs)
    rungs = rung_epochs(resolve_grace(space, most), epochs)
    return [math.ceil(round(rung * pairs, 6)) for rung in rungs]  # 1.1 * 100 is a hair above 110


def rung_epochs(pruning: PruningSettings, epochs: int) -> list[float]:
    """The epochs of full data at whose samples the rungs stand, below the whole budget.

    Rungs count samples and not a trial's own epochs, so that schedules meet after equal compute:
    at grace_epochs · η^r for the halvings and `hyperband`, at every grace_epochs for `median`.

    Args:
        pruning: With a number of grace epochs; see `resolve_grace`.
        epochs: Of the budget.
    """
    if not isinstance(pruning, RungPruning):
        return []
    rungs = [float(pruning.grace_epochs)]
    while pruning.kind != "one_rung" and rungs[-1] < epochs:
        rungs.append(
            rungs[-1] * pruning.reduction_factor
            if isinstance(pruning, HalvingPruning | AshaPruning | HyperbandPruning)
            else rungs[0] * (len(rungs) + 1)
        )
    return [rung for rung in rungs if rung < epochs]


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

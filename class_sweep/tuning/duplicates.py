"""Which proposals would train exactly what another trial has trained already.

Settings that differ can come to the same batches: two σ of one order, an α that rounds to the same
pools. What a trial really trains on is known before its first step, so it is compared there.
"""

import numpy as np

from class_sweep.backbones.backbone import backbone_class
from class_sweep.base.hashing import fingerprint
from class_sweep.config.identity import identity
from class_sweep.config.sections import Curriculum, Settings
from class_sweep.curriculum.intensity import loss_weights
from class_sweep.curriculum.schedule import Schedule
from class_sweep.errors import DataError
from class_sweep.results.record import Record
from class_sweep.training.features import TrialFeatures, similarity_of
from class_sweep.training.loop import curriculum_order


def effective_plan(settings: Settings, features: TrialFeatures) -> str:
    """12 hexadecimal digits, equal for trials whose every step is the same.

    They hash the epoch in which each pair enters the pool (a pool is shuffled as a set, so that the
    order within it plays no part), the pools, the intensities, how batches are made, and whatever
    else the result depends on. A plan that cannot be worked out is its settings' `identity`: the
    trial itself will say what is wrong.
    """
    curriculum = settings.curriculum
    try:
        order = curriculum_order(curriculum, features.index_for(curriculum), settings.search.seed)
        schedule = Schedule.of(settings, len(order))
        parts = backbone_class(settings.backbone).parts
        weights = loss_weights(curriculum, settings.budget.epochs, parts)
    except (ValueError, DataError):
        return identity(settings)
    enters = np.empty(len(order), dtype=np.int32)
    enters[order] = np.searchsorted(schedule.pools, np.arange(len(order)), side="right")
    batches = None
    if curriculum.batching == "neighbourhood":
        batches = [str(similarity_of(curriculum)), curriculum.group_size]
    rest = identity(settings.model_copy(update={"curriculum": Curriculum()}))
    return fingerprint(rest, enters, schedule.pools, weights.loss, weights.rate, batches)[:12]


class Trained:
    """The trials whose curves stand for their plans."""

    def __init__(self) -> None:
        self._by_plan: dict[str, int] = {}

    def add(self, plan_: str, trial: int, *, finished: bool) -> None:
        """A trial came to its end; one that finished stands before one that was pruned."""
        if finished or plan_ not in self._by_plan:
            self._by_plan[plan_] = trial

    def same(self, plan_: str, *, whole: bool, last: dict[int, Record]) -> int | None:
        """The trial whose curve a new one of this plan would repeat.

        Args:
            plan_: Of `effective_plan`.
            whole: Whether a curve that was pruned will not do: a reference is needed to its end.
            last: Each trial's last record.
        """
        original = self._by_plan.get(plan_)
        if original is None or (whole and last[original].decision != "finish"):
            return None
        return original

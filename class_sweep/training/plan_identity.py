"""The plan identity of a trial, which is equal for configurations with equal training steps.

Different settings can lead to the same batches: two σ that give one order, two α that round to the
same pools. All batches of a trial are determined before its first step, by its settings or, where
trimming leaves pairs out, by the margins that it will find. So duplicates are found before they are
trained.
"""

import numpy as np

from class_sweep.backbones.backbone import backbone_class
from class_sweep.base.hashing import fingerprint
from class_sweep.config.curriculum import Curriculum
from class_sweep.config.identity import identity
from class_sweep.config.sections import Settings
from class_sweep.curriculum.intensity import loss_weights
from class_sweep.curriculum.schedule import Schedule
from class_sweep.errors import DataError
from class_sweep.training.features import TrialFeatures
from class_sweep.training.loop import curriculum_order


def plan_identity(settings: Settings, features: TrialFeatures) -> str:
    """Hash every training step of a trial.

    The hash covers the epoch in which each pair enters the pool, the pool sizes, the number of
    pairs that trimming leaves out, the difficulty if it decides which, the loss weights, and all
    other settings that the result depends on. The order within a pool does not count, because a
    pool is shuffled as a set.

    Returns:
        12 hexadecimal digits. Settings whose plan cannot be computed get their `identity`; the
        trial itself then reports the error.
    """
    curriculum = settings.curriculum
    try:
        order = curriculum_order(settings, features)
        schedule = Schedule.of(settings, len(order))
        parts = backbone_class(settings.backbone).parts
        weights = loss_weights(curriculum, settings.budget.epochs, parts)
        ranks = None
        if any(schedule.left_out) and curriculum.trim_by == "difficulty":
            ranks = np.unique(features.difficulty_for(curriculum), return_inverse=True)[1]
    except (ValueError, DataError):
        return identity(settings)
    entry_epochs = np.empty(len(order), dtype=np.int32)
    entry_epochs[order] = np.searchsorted(schedule.pools, np.arange(len(order)), side="right")
    of_loss = Curriculum(hard_negatives=curriculum.hard_negatives)
    rest = identity(settings.model_copy(update={"curriculum": of_loss}))
    # None: random batches, as version 0.2 had them, so that its sweeps can be continued.
    plan = [rest, entry_epochs, schedule.pools, weights.loss, weights.rate, None]
    if any(schedule.left_out):
        plan.append(schedule.left_out)
    if ranks is not None:
        plan.append(ranks)
    return fingerprint(*plan)[:12]

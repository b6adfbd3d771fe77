"""Schedules epoch by epoch, as plain values: what a report draws and a table prints."""

from collections.abc import Mapping
from typing import Any

from class_sweep.config.axes import Value
from class_sweep.config.document import Space
from class_sweep.curriculum.baselines import reference_config
from class_sweep.curriculum.intensity import loss_parts_of, loss_weights
from class_sweep.curriculum.pacing import shares
from class_sweep.curriculum.schedule import Schedule
from class_sweep.errors import DataError


def schedule_tables(space: Space, pairs: int) -> dict[str, Any]:
    """The space's own schedule (axes at their centre) and the paper's, over the same epochs.

    Args:
        space: Whose settings they share.
        pairs: L, the training pairs.

    Raises:
        DataError: If a first pool is smaller than a batch.
    """
    return {
        "space": schedule_table(space, space.centre(), pairs),
        "paper": schedule_table(space, reference_config(space, "paper"), pairs),
    }


def schedule_table(space: Space, values: Mapping[str, Value], pairs: int) -> dict[str, Any]:
    """One schedule: λ, γ of each part of the loss, and samples, of each epoch.

    Args:
        space: Whose settings it has.
        values: Dotted path to value, of every axis.
        pairs: L, the training pairs.

    Raises:
        DataError: If its first pool is smaller than a batch.
    """
    settings = space.resolve(values)
    curriculum, epochs = settings.curriculum, settings.budget.epochs
    batch = settings.optimizer.batch_size
    try:
        planned = Schedule.of(settings, pairs)
    except ValueError as error:
        raise DataError(f"{space.name}: {error}") from None
    weights = loss_weights(curriculum, epochs, loss_parts_of(curriculum.intensity))
    on_rate = curriculum.intensity_target == "learning_rate"
    factors = {"learning rate": weights.rate} if on_rate else weights.loss
    return {
        "curriculum": curriculum.model_dump(mode="json"),
        "share": list(shares(curriculum, epochs)),
        "intensity": {part: list(values) for part, values in factors.items()},
        "samples": [pool // batch * batch for pool in planned.pools],
        "total": planned.samples,
        "of_full_data": planned.share_of_full_data,
    }

"""Schedules epoch by epoch, for plots and tables."""

from collections.abc import Mapping
from itertools import pairwise

from pydantic import BaseModel, ConfigDict, JsonValue

from class_sweep.config.axes import Value
from class_sweep.config.document import Space
from class_sweep.curriculum.baselines import baseline_config
from class_sweep.curriculum.intensity import loss_parts_of, loss_weights
from class_sweep.curriculum.pacing import shares
from class_sweep.curriculum.schedule import Schedule
from class_sweep.errors import DataError


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ScheduleTable(_Table):
    """A schedule, epoch by epoch.

    Attributes:
        curriculum: The curriculum settings.
        share: λ of each epoch less what trimming leaves out, as a fraction of the pairs.
        intensity: γ of each epoch, for each part of the loss or for the learning rate.
        samples: The samples of each epoch.
        total: The samples of all epochs.
        of_full_data: `total` as a fraction of the samples of full data.
    """

    curriculum: dict[str, JsonValue]
    share: list[float]
    intensity: dict[str, list[float]]
    samples: list[int]
    total: int
    of_full_data: float


class ScheduleTables(_Table):
    """The schedule at the centre of a space, and the paper's schedule."""

    space: ScheduleTable
    paper: ScheduleTable


def schedule_tables(space: Space, pairs: int) -> ScheduleTables:
    """The schedule at the centre of a space and that of the paper, over the same epochs.

    Args:
        space: The space.
        pairs: L, the number of training pairs.

    Raises:
        DataError: If a first pool is smaller than a batch.
    """
    return ScheduleTables(
        space=schedule_table(space, space.centre(), pairs),
        paper=schedule_table(space, baseline_config(space, "paper"), pairs),
    )


def schedule_table(space: Space, values: Mapping[str, Value], pairs: int) -> ScheduleTable:
    """One schedule: λ, γ of each part of the loss, and the samples of each epoch.

    Args:
        space: The space.
        values: The value of every axis, by dotted path.
        pairs: L, the number of training pairs.

    Raises:
        DataError: If the first pool is smaller than a batch.
    """
    settings = space.resolve(values)
    curriculum, epochs = settings.curriculum, settings.budget.epochs
    try:
        schedule = Schedule.of(settings, pairs)
    except ValueError as error:
        raise DataError(f"{space.name}: {error}") from None
    weights = loss_weights(curriculum, epochs, loss_parts_of(curriculum.intensity))
    ends = (0, *schedule.ends)
    on_rate = curriculum.intensity_target == "learning_rate"
    factors = {"learning rate": weights.rate} if on_rate else weights.loss
    return ScheduleTable(
        curriculum=curriculum.model_dump(mode="json"),
        share=[
            share - left_out / pairs
            for share, left_out in zip(shares(curriculum, epochs), schedule.left_out, strict=True)
        ],
        intensity={part: list(values) for part, values in factors.items()},
        samples=[(end - start) * schedule.batch_size for start, end in pairwise(ends)],
        total=schedule.samples,
        of_full_data=schedule.share_of_full_data,
    )

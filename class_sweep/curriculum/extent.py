"""The shortest and the longest schedule that a search space admits."""

from class_sweep.config.axes import Value
from class_sweep.config.document import Space
from class_sweep.curriculum.schedule import Schedule, plan

_LENGTHENS = (
    "curriculum.alpha",
    "curriculum.beta",
    "curriculum.pacing_power",
    "curriculum.pacing_start",
)
_SHORTENS = ("curriculum.full_at", "optimizer.batch_size")
_PACING = "curriculum.pacing"


def schedule_range(space: Space, pairs: int) -> tuple[Schedule, Schedule]:
    """The schedules of fewest and of most steps, over `pairs` training pairs.

    λ grows with α, β, p and the k it starts at and falls with T, for every pacing: the extremes
    stand in two corners of the axes.

    Raises:
        ValueError: If the first pool of any schedule of the space is smaller than its batch.
    """
    shortest = min(_corner(space, pairs, longest=False), key=lambda schedule: schedule.steps)
    return shortest, max(_corner(space, pairs, longest=True), key=lambda schedule: schedule.steps)


def _corner(space: Space, pairs: int, *, longest: bool) -> list[Schedule]:
    """The schedule in one corner of the axes, for every pacing of the space."""
    corner: dict[str, Value] = {}
    most, least = (max, min) if longest else (min, max)
    for paths, far in ((_LENGTHENS, most), (_SHORTENS, least)):
        corner |= {path: far(space.axes[path].ends()) for path in paths if path in space.axes}
    axis = space.axes.get(_PACING)
    pacings = axis.ends() if axis else [space.settings.curriculum.pacing]
    schedules = []
    for pacing in pacings:
        settings = space.resolve(corner | {_PACING: pacing})
        schedules.append(
            plan(
                settings.curriculum,
                epochs=settings.budget.epochs,
                pairs=pairs,
                batch_size=settings.optimizer.batch_size,
            )
        )
    return schedules

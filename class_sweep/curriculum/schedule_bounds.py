"""The bounds of a space's schedules: the shortest, the longest, and the end of pacing."""

from collections.abc import Iterator, Mapping
from itertools import product

from class_sweep.config.axes import Value
from class_sweep.config.components import PACINGS
from class_sweep.config.document import Space
from class_sweep.config.pruning import AUTO, PruningSettings, RungPruning
from class_sweep.curriculum.pacing import pacing_of
from class_sweep.curriculum.schedule import Schedule
from class_sweep.errors import ConfigError

_TRIM = "curriculum.trim"
_TRIM_FROM = "curriculum.trim_from"
_LENGTHENS = (
    "curriculum.alpha",
    "curriculum.beta",
    "curriculum.pacing_power",
    "curriculum.pacing_start",
    "curriculum.pacing_knots",
    _TRIM_FROM,
)
_FULL_AT = "curriculum.full_data_after"
_SHORTENS = (_FULL_AT, "optimizer.batch_size", _TRIM)
_PACING = "curriculum.pacing"


def schedule_bounds(space: Space, pairs: int) -> tuple[Schedule, Schedule]:
    """The schedules with the fewest and the most steps, over `pairs` training pairs.

    λ rises with α, β, p, the knots and the first k, and falls with T, for every pacing. The
    extremes are therefore in two corners of the axes. The first trimmed epoch depends on the
    samples before it: where both λ and trimming vary, the shortest schedule trims from the second
    epoch on, and the longest never.

    Args:
        space: The space.
        pairs: L, the number of training pairs.

    Raises:
        ValueError: If the first pool of any schedule of the space is smaller than its batch.
    """
    shortest = min(_corner(space, pairs, longest=False), key=lambda schedule: schedule.steps)
    return shortest, max(_corner(space, pairs, longest=True), key=lambda schedule: schedule.steps)


def _corner(whole: Space, pairs: int, *, longest: bool) -> list[Schedule]:
    """The schedules of one corner of the axes, for each of the space's `pacing_choices`."""
    return [
        Schedule.of(space.resolve(corner_of(space, choice, longest=longest)), pairs)
        for space in whole.alternatives
        for choice in pacing_choices(space)
    ]


def corner_of(space: Space, choice: Mapping[str, Value], *, longest: bool) -> dict[str, Value]:
    """The values of the longest or of the shortest schedules of a pacing choice."""
    values = corner_values(space, longest=longest) | dict(choice)
    if values.keys() & space.axes.keys() - {_TRIM, _TRIM_FROM}:
        values[_TRIM_FROM] = 1.0 if longest else 0.0
    return values


def corner_values(space: Space, *, longest: bool) -> dict[str, Value]:
    """The values of the axes in the corner of the longest or of the shortest schedules."""
    most, least = (max, min) if longest else (min, max)
    return {path: most(space.axes[path].ends()) for path in _lengthening(space)} | {
        path: least(space.axes[path].ends()) for path in _SHORTENS if path in space.axes
    }


def _lengthening(space: Space) -> list[str]:
    """The axes with which λ rises; a setting may be a list of axes."""
    return [
        path
        for path in space.axes
        if any(path == setting or path.startswith(f"{setting}.") for setting in _LENGTHENS)
    ]


def pacing_choices(space: Space) -> Iterator[dict[str, Value]]:
    """Every pacing of a space, with every corner of the parameters that it adds to a curriculum.

    The direction in which such a parameter moves λ is unknown, so both ends of its axis count. A
    built-in pacing adds none and appears once.
    """
    axis = space.axes.get(_PACING)
    for name in axis.ends() if axis else [space.settings.curriculum.pacing]:
        parameters = sorted(f"curriculum.{p}" for p in PACINGS.load(str(name)).parameters())
        added = [p for p in parameters if p in space.axes and p not in (*_LENGTHENS, *_SHORTENS)]
        for ends in product(*(space.axes[path].ends() for path in added)):
            yield {_PACING: name} | dict(zip(added, ends, strict=True))


def resolve_grace(space: Space, most_epochs: float) -> PruningSettings:
    """The pruning of a space with its grace as a number of epochs.

    Args:
        space: The space.
        most_epochs: The largest number of epochs of full data of a trial.

    Raises:
        ConfigError: If the grace ends with the pacing, and no rung is possible there.
    """
    pruning = space.settings.pruning
    if not isinstance(pruning, RungPruning) or not isinstance(pruning.grace_epochs, str):
        return pruning
    if pruning.grace_epochs == AUTO:
        return pruning.model_copy(update={"grace_epochs": max(1.0, round(most_epochs / 9))})
    end, epochs = pacing_end(space), space.settings.budget.epochs
    if not 0 < end < epochs:
        raise ConfigError(
            f"{space.place('pruning.grace_epochs')}: pacing_end must be within the budget of"
            f" {epochs} epochs for a rung to exist, got {end:.3g}"
        )
    return pruning.model_copy(update={"grace_epochs": end})


def pacing_end(space: Space) -> float:
    """The epochs of full data after whose samples every schedule of the space shows all pairs.

    Pacings end after different numbers of samples, but trials are compared at equal samples. The
    result is therefore the largest number of samples before λ = 1. Baselines do not count: no rung
    prunes them.
    """
    return max(
        _largest_sum_before_end(branch, choice)
        for branch in space.alternatives
        for choice in pacing_choices(branch)
    )


def _largest_sum_before_end(space: Space, choice: dict[str, Value]) -> float:
    """The largest Σ λ(k) before λ = 1, in epochs of full data, for one pacing choice."""
    latest = {path: max(space.axes[path].ends()) for path in (_FULL_AT,) if path in space.axes}
    lower, upper = (
        space.resolve(
            {path: end(space.axes[path].ends()) for path in _lengthening(space)} | latest | choice
        ).curriculum
        for end in (min, max)
    )
    epochs = space.settings.budget.epochs
    return pacing_of(lower, epochs).largest_sum_before_end(
        pacing_of(upper, epochs), lower.pacing_start
    )

"""Full data's own trials: the share of a sweep that tunes full data, so that its control is fair.

Where axes outside the curriculum are swept, the learning rate for example, a finalist has values
that were chosen for its schedule. Full data with the same values would be a badly tuned control.
"""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from class_sweep.config.axes import Axis
from class_sweep.config.bundles import setting_path
from class_sweep.config.curriculum import Curriculum
from class_sweep.config.identity import identity
from class_sweep.config.sections import Settings

FULL_DATA = "full_data"
_ONE_IN = 4  # of the configurations that are proposed

Axes = Mapping[str, Axis]
T = TypeVar("T")


def full_data_axes(axes: Mapping[str, T]) -> dict[str, T]:
    """The axes of full data, or their values: those outside the curriculum, by dotted path."""
    return {
        path: axis
        for path, axis in axes.items()
        if not path.startswith("curriculum.") and not setting_path(path).startswith("curriculum.")
    }


def full_data_trials(settings: Settings, axes: Axes, size: int | None) -> int:
    """The number of full data's own trials in a sweep.

    `auto` is a quarter of the proposed configurations, and no more than full data's axes have; 0
    where no axis lies outside the curriculum, where every trial is full data, and in a recording.

    Args:
        settings: The settings of the space, its axes at their centres.
        axes: The axes.
        size: The number of configurations of full data's axes; None if there are any number.
    """
    search, own = settings.search, full_data_axes(axes)
    if search.full_data_trials != "auto":
        return search.full_data_trials
    if search.record or not own or (len(own) == len(axes) and _is_full_data(settings)):
        return 0
    share = search.proposed // _ONE_IN
    return share if size is None else min(share, size)


def full_data_rules(settings: Settings, axes: Axes, size: int | None) -> Iterator[str]:
    """The mistakes of a given number of full data's own trials; see `full_data_trials`."""
    search, own = settings.search, full_data_axes(axes)
    given = search.full_data_trials
    if given == "auto" or not given:
        return
    if search.record:
        yield f"must be 0 or auto where search.record is set, got {given}"
    elif not own:
        yield f"must be 0 or auto where no axis lies outside the curriculum, got {given}"
    elif given >= search.proposed:
        yield (
            f"must be below search.trials without search.baselines ({search.proposed}), so that"
            f" schedules are tried as well, got {given}"
        )
    elif size is not None and given > size:
        yield f"must be at most {size}, the grid of {', '.join(own)}, got {given}"


def _is_full_data(settings: Settings) -> bool:
    plain = settings.model_copy(update={"curriculum": Curriculum()})
    return identity(settings) == identity(plain)

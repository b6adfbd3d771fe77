"""The baselines: named schedules that every other schedule is compared with."""

from collections.abc import Mapping
from typing import Any

from class_sweep.config.axes import Value
from class_sweep.config.axis_places import SIGMA
from class_sweep.config.bundles import setting_path
from class_sweep.config.document import Space
from class_sweep.config.full_data import full_data_axes
from class_sweep.config.sigma import Quantile

BASELINES: dict[str, dict[str, Value]] = {
    # CLASS, arXiv 2502.11633: its setting for ChEBI-20, percentages written as fractions.
    "paper": {
        "curriculum.order": "easy_first",
        "curriculum.tie_break": "mean_similarity",
        "curriculum.difficulty": "look_alikes",
        "curriculum.pacing": "linear",
        "curriculum.pacing_start": 0,
        "curriculum.alpha": 0.40,
        "curriculum.beta": 0.03,
        "curriculum.text_weight": 0.5,
        "curriculum.molecule_similarity": "cosine",
        "curriculum.sigma": 0.99,
        "curriculum.intensity": "inverse",
        "curriculum.intensity_start": 1,
        "curriculum.intensity_target": "loss",
        "curriculum.hard_negatives": 0.0,
        "curriculum.trim": 0.0,
    },
    # No curriculum: every pair in every epoch, at full intensity, all negatives alike. With α = 1
    # the pacing and σ have no effect.
    "full_data": {
        "curriculum.alpha": 1.0,
        "curriculum.beta": 0.0,
        "curriculum.intensity": "constant",
        "curriculum.hard_negatives": 0.0,
        "curriculum.trim": 0.0,
    },
}
"""The settings that each built-in baseline fixes, as dotted path to value."""


def baseline_config(
    space: Space, name: str, others: Mapping[str, Value] | None = None
) -> dict[str, Value]:
    """The configuration of a baseline in a space: its own values, and values of the other axes.

    A setting that the space fixes at the baseline's value is left out.

    Args:
        space: The space.
        name: One of `BASELINES`, or the name of a schedule of `search.baselines`.
        others: Values of the other axes, for example those of a trial; by default those that the
            baseline names, and the centres of the rest.
    """
    pins = _pins(space, name)
    others = _own_values(space, name) if others is None else others
    fixed = space.settings.model_dump(mode="json")
    own = {
        path: value
        for path, value in pins.items()
        if path in space.axes or path in others or space.branches or _at(fixed, path) != value
    }
    kept = {path: value for path, value in others.items() if not _replaced(path, pins)}
    return kept | own


def full_data_space(space: Space) -> Space:
    """The space of full data's own trials: the axes outside the curriculum."""
    settings = space.settings
    search = settings.search.model_copy(
        update={"trials": space.full_data_trials, "baselines": [], "full_data_trials": 0}
    )
    return space.changed(
        axes=full_data_axes(space.axes),
        settings=settings.model_copy(update={"search": search}),
        extended_from=tuple(stage.full_data_trials for stage in space.stages[:-1]),
    )


def _own_values(space: Space, name: str) -> dict[str, Value]:
    """A value for each axis: what a baseline names outside the curriculum, else the centre."""
    centre = space.centre()
    schedule = space.settings.search.named_schedules.get(name)
    named = {} if schedule is None else schedule.settings
    return centre | {path: value for path, value in named.items() if path in centre}


def _pins(space: Space, name: str) -> dict[str, Value]:
    """Every setting that a baseline fixes: dotted path to value."""
    schedule = space.settings.search.named_schedules.get(name)
    if schedule is None:
        return BASELINES[name]
    parts = space.settings.curriculum.intensity
    if not (isinstance(parts, dict) and isinstance(schedule.intensity, dict)):
        return schedule.pins()
    # A part of the loss that the schedule does not name has no intensity of the space's either.
    return {f"curriculum.intensity.{part}": "constant" for part in parts} | schedule.pins()


def _replaced(path: str, pins: Mapping[str, Value]) -> bool:
    """Whether a baseline fixes a setting in another form, σ instead of its quantile for example.

    An axis within a bundle is another form of its setting.
    """
    setting = setting_path(path)
    return path not in pins and any(
        f"{setting}.".startswith(f"{pin}.") or f"{pin}.".startswith(f"{setting}.") for pin in pins
    )


def _at(tree: Any, path: str) -> Any:
    for word in path.split("."):
        tree = tree.get(word) if isinstance(tree, Mapping) else None
    return tree


def sigmas_needed(space: Space) -> list[float | Quantile]:
    """Every σ of a trial or of a baseline of the space."""
    pinned = [
        space.resolve(baseline_config(space, name)).curriculum.sigma
        for name in space.settings.baselines
        if any(f"{path}.".startswith(f"{SIGMA}.") for path in _pins(space, name))
    ]
    return [*space.sigmas(), *pinned]

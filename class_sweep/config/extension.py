"""A space with more of a sweep: more trials of the same search, or a larger budget."""

from pathlib import Path
from typing import Any

from class_sweep.config.components import SAMPLERS
from class_sweep.config.document import Space, parse_space
from class_sweep.config.yaml_text import read_yaml, with_values, write_yaml
from class_sweep.errors import ConfigError

TRIALS = "search.trials"


def with_trials(space: Space, trials: int) -> Space:
    """A copy of a space, settings and text, whose sweep is extended to a number of trials.

    Args:
        space: The space of a sweep that has begun.
        trials: The new number of trials.

    Raises:
        ConfigError: If the number does not exceed the present one or breaks a rule of the space,
            or the sweep has a limit of hours.
    """
    present = space.settings.search.trials
    if space.settings.search.hours is not None:
        raise ConfigError(
            f"{space.place('search.hours')}: must be absent in a sweep that is extended, because"
            " hours plan the trials; run the space with more hours into a new folder"
        )
    if trials <= present:
        raise ConfigError(
            f"an extended sweep must have more trials than before, got {trials}, and"
            f" {space.place(TRIALS)} is {present}"
        )
    text = with_values(read_yaml(space.text, space.name), {("search", "trials"): trials})
    extended = parse_space(text, space.name, space.folder, recorded=True)
    finite = SAMPLERS[extended.settings.search.sampler].axes == "finite"
    size = extended.grid_size() if finite else None
    if size is not None and extended.schedule_trials > size:
        most = trials - extended.schedule_trials + size
        raise ConfigError(
            f"an extended grid must have a configuration for each trial: at most {most} trials, got"
            f" {trials}"
        )
    return extended.changed(extended_from=(*space.extended_from, present))


def with_epochs(space: Space, epochs: int, earlier: Path) -> Space:
    """A copy of a space, settings and text, for a new sweep with a larger budget.

    It starts warm from the earlier sweep where that is allowed; see `search.warm_start`.

    Args:
        space: The space of the earlier sweep.
        epochs: The new budget.
        earlier: The results folder of the earlier sweep.

    Raises:
        ConfigError: If the budget does not exceed the earlier one, or breaks a rule of the space.
    """
    present = space.settings.budget.epochs
    if epochs <= present:
        raise ConfigError(
            f"an extended budget must have more epochs than before, got {epochs}, and"
            f" {space.place('budget.epochs')} is {present}"
        )
    tree: dict[str, Any] = read_yaml(space.text, space.name).tree
    tree["budget"] = tree["budget"] | {"epochs": epochs}
    search = {name: value for name, value in tree["search"].items() if name != "warm_start"}
    kept = space.settings.search
    if not kept.shares and kept.record is None and SAMPLERS[kept.sampler].axes != "finite":
        search["warm_start"] = [str(earlier.absolute()).replace("$", "$$")]
    tree["search"] = search
    return parse_space(write_yaml(tree), space.name, space.folder, recorded=True)

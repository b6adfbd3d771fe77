"""A space with more trials: the same search, asked for in a second step."""

from class_sweep.config.document import Space, parse_space
from class_sweep.config.yaml_text import read_yaml, with_values
from class_sweep.errors import ConfigError

TRIALS = "search.trials"


def with_trials(space: Space, trials: int) -> Space:
    """A copy of a space, settings and text, whose sweep is extended to a number of trials.

    Args:
        space: The space of a sweep that has begun.
        trials: The new number of trials.

    Raises:
        ConfigError: If the number does not exceed the present one, or breaks a rule of the space.
    """
    present = space.settings.search.trials
    if trials <= present:
        raise ConfigError(
            f"an extended sweep must have more trials than before, got {trials}, and"
            f" {space.place(TRIALS)} is {present}"
        )
    text = with_values(read_yaml(space.text, space.name), {("search", "trials"): trials})
    extended = parse_space(text, space.name, space.folder, recorded=True)
    return extended.changed(extended_from=(*space.extended_from, present))

"""A space as a recording: every configuration runs to its end under several seeds."""

from typing import Any

from class_sweep.config.document import Space, parse_space
from class_sweep.config.yaml_text import read_yaml, write_yaml


def as_recording(space: Space, seeds: int) -> Space:
    """A copy of a space, settings and text, whose sweep records learning curves.

    Args:
        space: A valid space; its pruning is replaced.
        seeds: The number of seeds of each configuration, from `search.seed` on.

    Raises:
        ConfigError: If `seeds` is not at least 1.
    """
    tree: dict[str, Any] = read_yaml(space.text, space.name).tree
    tree["search"] = tree["search"] | {"record": seeds}
    tree["pruning"] = {"kind": "none"}
    return parse_space(write_yaml(tree), space.name, space.folder)

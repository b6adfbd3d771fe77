"""A space as a recording: every configuration to its end, under several seeds, nothing pruned."""

from typing import Any

from class_sweep.config.document import Space, parse_space
from class_sweep.config.source import read_yaml, write_yaml


def as_recording(space: Space, seeds: int) -> Space:
    """The space whose sweep records learning curves, its text rewritten to say so.

    Args:
        space: Any valid space; its pruning plays no part.
        seeds: Of each configuration: `search.seed` and those that follow it.

    Raises:
        ConfigError: If `seeds` is not at least 1.
    """
    tree: dict[str, Any] = read_yaml(space.text, space.name).tree
    tree["search"] = tree["search"] | {"record": seeds}
    tree["pruning"] = {"kind": "none"}
    return parse_space(write_yaml(tree), space.name)

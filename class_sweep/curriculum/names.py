"""Looking a name up where an unknown one must not run as something else."""

from collections.abc import Mapping
from typing import TypeVar

Thing = TypeVar("Thing")


def named(setting: str, name: str, known: Mapping[str, Thing]) -> Thing:
    """What `known` holds under a name.

    Raises:
        ValueError: If it holds nothing, with the names that it holds.
    """
    if name not in known:
        raise ValueError(f"{setting} must be one of {', '.join(known)}, got {name!r}")
    return known[name]

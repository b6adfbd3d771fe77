"""Text–molecule pairs. In code, `data.Table("pairs.csv")` is the section of a source of a space."""

from collections.abc import Callable
from typing import Any

from class_sweep.config.code import data_sources


def __getattr__(name: str) -> Callable[..., Any]:
    """The section of a data source."""
    return data_sources.section(name)


def __dir__() -> list[str]:
    """The names of these sections."""
    return dir(data_sources)

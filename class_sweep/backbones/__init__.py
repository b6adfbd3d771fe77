"""Retrieval models. In code, `backbones.Contrastive()` is the section of a backbone of a space."""

from collections.abc import Callable
from typing import Any

from class_sweep.config.code import backbones


def __getattr__(name: str) -> Callable[..., Any]:
    """The section of a backbone."""
    return backbones.section(name)


def __dir__() -> list[str]:
    """The names of these sections."""
    return dir(backbones)

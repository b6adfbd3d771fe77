"""Errors in the code of people's own parts, as one message with file and line."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from class_sweep.config.registry import Registry
from class_sweep.errors import ClassSweepError, PluginError


@contextmanager
def running_part(registry: Registry[Any], name: str) -> Iterator[None]:
    """Run the code of a part in a block; an error of a part of one's own is told as such.

    Args:
        registry: The registry of its kind.
        name: The name of the part.

    Raises:
        PluginError: If the part is none of the package's and its code raises an error, or breaks a
            rule of its kind (an `AssertionError` of `class_sweep.testing`).
    """
    try:
        yield
    except ClassSweepError:
        raise
    except Exception as error:
        if name not in registry.added():
            raise
        part = registry.load(name)
        rule = error if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
        raise PluginError(
            f"{_place(part, error)}: {registry.kind} {name} ({part.__qualname__}): {rule}"
        ) from error


def _place(part: Any, error: Exception) -> str:
    """The last line of the part's file before the error; the file alone where there is none."""
    module = sys.modules.get(part.__module__)
    file = str(getattr(module, "__file__", None) or part.__module__)
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    return f"{file}:{lines[-1]}" if lines else file

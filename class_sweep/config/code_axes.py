"""The axes of a space in code, with their names in YAML: each gives the mapping of a file.

Their type is `Any`, because an axis stands in place of a setting of any type.
"""

import builtins
from collections.abc import Iterable
from typing import Any

from class_sweep.config.axes import Value


def uniform(low: float, high: float, *, step: float | None = None) -> Any:
    """An axis of numbers from `low` to `high`, both included; on a grid if there is a step."""
    return _axis("uniform", [low, high], step)


def loguniform(low: float, high: float) -> Any:
    """An axis of numbers from `low` to `high`, uniform in their logarithm."""
    return _axis("loguniform", [low, high])


def int(low: builtins.int, high: builtins.int, *, step: builtins.int | None = None) -> Any:
    """An axis of whole numbers from `low` to `high`, both included; by 1 unless a step is given."""
    return _axis("int", [low, high], step)


def choice(options: Iterable[Value]) -> Any:
    """An axis of a few values without an order."""
    return _axis("choice", options if isinstance(options, str) else list(options))


def _axis(kind: str, values: object, step: float | None = None) -> dict[str, Any]:
    return {kind: values} if step is None else {kind: values, "step": step}

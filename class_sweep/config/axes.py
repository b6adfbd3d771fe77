"""The axes of a search space: `uniform`, `loguniform`, `int` and `choice`.

An axis stands in a space file where a plain value could stand:
`{uniform: [0.2, 0.9], step: 0.05}`, `{loguniform: [1e-5, 1e-3]}`, `{int: [32, 256], step: 32}`,
`{choice: [easy_first, hard_first]}`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

KINDS = ("uniform", "loguniform", "int", "choice")
Value = float | int | str | bool

_DIGITS = 12  # grid points are rounded so that 0.9 + 3 * 0.001 is 0.903


class AxisError(ValueError):
    """An axis that breaks a rule; the message is the rule, then the value."""


@dataclass(frozen=True)
class Uniform:
    """Numbers from low to high, both included, on a grid of `step` where one is given."""

    low: float
    high: float
    step: float | None = None

    def values(self) -> list[float] | None:
        """Every value on the axis, ascending; None where it is continuous."""
        if self.step is None:
            return None
        count = math.floor((self.high - self.low) / self.step + 1e-9) + 1
        return [round(self.low + i * self.step, _DIGITS) for i in range(count)]

    def centre(self) -> float:
        """The middle of the range, on the grid."""
        grid = self.values()
        return grid[(len(grid) - 1) // 2] if grid else (self.low + self.high) / 2

    def ends(self) -> list[Value]:
        """The values whose validity implies that of all between them."""
        grid = self.values()
        return [self.low, grid[-1] if grid else self.high]

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        grid = self.values()
        if grid is None:
            return self.low <= value <= self.high
        return any(math.isclose(value, point, abs_tol=1e-9) for point in grid)

    def __str__(self) -> str:
        grid = f" in steps of {self.step:g}" if self.step else ""
        return f"{self.low:g} … {self.high:g}{grid}"


@dataclass(frozen=True)
class LogUniform:
    """Positive numbers from low to high, uniform in their logarithm."""

    low: float
    high: float

    def values(self) -> None:
        """A logarithmic axis is continuous."""

    def centre(self) -> float:
        """The geometric middle."""
        return math.sqrt(self.low * self.high)

    def ends(self) -> list[Value]:
        """The values whose validity implies that of all between them."""
        return [self.low, self.high]

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:g} … {self.high:g}, logarithmic"


@dataclass(frozen=True)
class IntRange:
    """Whole numbers from low to high, both included."""

    low: int
    high: int
    step: int = 1

    def values(self) -> list[int]:
        """Every value on the axis, ascending."""
        return list(range(self.low, self.high + 1, self.step))

    def centre(self) -> int:
        """The middle value (the lower one of two)."""
        values = self.values()
        return values[(len(values) - 1) // 2]

    def ends(self) -> list[Value]:
        """The values whose validity implies that of all between them."""
        return [self.low, self.values()[-1]]

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and value in self.values()

    def __str__(self) -> str:
        grid = f" in steps of {self.step}" if self.step > 1 else ""
        return f"{self.low} … {self.high}{grid}"


@dataclass(frozen=True)
class Choice:
    """One of a few values, unordered."""

    options: tuple[Value, ...]

    def values(self) -> list[Value]:
        """Every value on the axis, in the file's order."""
        return list(self.options)

    def centre(self) -> Value:
        """The first option: a choice has no middle."""
        return self.options[0]

    def ends(self) -> list[Value]:
        """The values whose validity implies that of all between them."""
        return list(self.options)

    def __contains__(self, value: object) -> bool:
        return value in self.options

    def __str__(self) -> str:
        return ", ".join(str(option) for option in self.options)


Axis = Uniform | LogUniform | IntRange | Choice


def looks_like_axis(tree: object) -> bool:
    """Whether a value of the file is an axis rather than a plain value."""
    return isinstance(tree, Mapping) and any(kind in tree for kind in KINDS)


def near_miss(tree: object) -> str | None:
    """The axis kind that a mapping like `{unifrom: [0, 1]}` meant, if it meant one."""
    if not isinstance(tree, Mapping):
        return None
    for word in tree:
        close = get_close_matches(str(word), KINDS, 1)
        if close:
            return close[0]
    return None


def parse_axis(tree: Mapping[str, Any]) -> Axis:
    """Read one axis.

    Raises:
        AxisError: With the rule it breaks, then the value.
    """
    kinds = [kind for kind in KINDS if kind in tree]
    if len(kinds) > 1:
        raise AxisError(f"must be one kind of axis, got {' and '.join(kinds)}")
    kind = kinds[0]
    unknown = [str(word) for word in tree if word not in (kind, "step")]
    if unknown:
        raise AxisError(f"an axis takes its kind and `step`, got {', '.join(unknown)} as well")
    if kind == "choice":
        axis: Axis = _choice(tree["choice"])
    else:
        axis = _range(kind, tree[kind])
    return _with_step(axis, kind, tree["step"]) if "step" in tree else axis


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _choice(options: object) -> Choice:
    if not isinstance(options, list) or not options:
        raise AxisError(f"choice must be a list of one or more values, got {options!r}")
    for option in options:
        if not isinstance(option, str | int | float | bool):
            raise AxisError(f"choice must be among plain values, got {option!r}")
    if len({repr(option) for option in options}) < len(options):
        raise AxisError(f"choice must name each value once, got {options}")
    return Choice(tuple(options))


def _range(kind: str, bounds: object) -> Axis:
    if not (isinstance(bounds, list) and len(bounds) == 2 and all(map(_number, bounds))):
        raise AxisError(f"{kind} must be two numbers, [low, high], got {bounds!r}")
    low, high = bounds
    if low >= high:
        raise AxisError(f"{kind} must go from low to high, got [{low}, {high}]")
    if kind == "uniform":
        return Uniform(float(low), float(high))
    if kind == "loguniform":
        if low <= 0:
            raise AxisError(f"loguniform must start above 0, got [{low}, {high}]")
        return LogUniform(float(low), float(high))
    if not (isinstance(low, int) and isinstance(high, int)):
        raise AxisError(f"int must be between whole numbers, got [{low}, {high}]")
    return IntRange(low, high)


def _with_step(axis: Axis, kind: str, step: object) -> Axis:
    if not isinstance(axis, Uniform | IntRange):
        raise AxisError(f"step goes with uniform and int, got it with {kind}")
    if not _number(step) or step <= 0:  # type: ignore[operator]
        raise AxisError(f"step must be a number above 0, got {step!r}")
    if step > axis.high - axis.low:  # type: ignore[operator]
        raise AxisError(f"step must fit the range: at most {axis.high - axis.low:g}, got {step}")
    if isinstance(axis, IntRange):
        if not isinstance(step, int):
            raise AxisError(f"step of an int axis must be a whole number, got {step}")
        return replace(axis, step=step)
    return replace(axis, step=float(step))  # type: ignore[arg-type]

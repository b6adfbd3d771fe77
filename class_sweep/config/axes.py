"""The axes of a search space: `uniform`, `loguniform`, `int` and `choice`.

In a space file, an axis replaces a plain value:
`{uniform: [0.2, 0.9], step: 0.05}`, `{loguniform: [1e-5, 1e-3]}`, `{int: [32, 256], step: 32}`,
`{choice: [easy_first, hard_first]}`.
"""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from class_sweep.base.limits import MAX_OPTIONS
from class_sweep.base.text import shortened, without_comma
from class_sweep.config.section import fraction_of

SECTIONS = ("curriculum", "optimizer", "backbone")
KINDS = ("uniform", "loguniform", "int", "choice")
Value = float | int | str | bool

_DIGITS = 12  # grid points are rounded so that 0.9 + 3 * 0.001 is 0.903
_SLACK = 1e-9  # 0.99 - 0.9 is slightly below 0.09, but the step 0.09 fits
_SHOWN = 5  # names in a message
_MAX_VALUES = 100_000  # values on a grid; a longer grid is probably a mistake


class AxisError(ValueError):
    """An axis that breaks a rule; the message is the rule, then the value."""


@dataclass(frozen=True)
class Uniform:
    """Numbers from low to high, both included; on a grid if there is a step."""

    low: float
    high: float
    step: float | None = None

    def values(self) -> list[float] | None:
        """Every value on the axis, ascending; None where it is continuous."""
        if self.step is None:
            return None
        return [self._point(i, self.step) for i in range(self._steps(self.step) + 1)]

    def _steps(self, step: float) -> int:
        return math.floor((self.high - self.low) / step + _SLACK)

    def _point(self, i: int, step: float) -> float:
        return round(self.low + i * step, _DIGITS)

    def centre(self) -> float:
        """The middle of the range, on the grid."""
        grid = self.values()
        return grid[(len(grid) - 1) // 2] if grid else (self.low + self.high) / 2

    def ends(self) -> list[Value]:
        """The values that are validated: if they are valid, so are all values between them."""
        grid = self.values()
        return [self.low, grid[-1] if grid else self.high]

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, int | float) or not _number(value):
            return False
        if self.step is None:
            return self.low <= value <= self.high
        near = round((value - self.low) / self.step)
        on_grid = math.isclose(value, self._point(near, self.step), abs_tol=1e-9)
        return on_grid and 0 <= near <= self._steps(self.step)

    def __str__(self) -> str:
        grid = f" in steps of {self.step:g}" if self.step else ""
        return f"{self.low:g} … {self.ends()[1]:g}{grid}"


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
        """The values that are validated: if they are valid, so are all values between them."""
        return [self.low, self.high]

    def __contains__(self, value: object) -> bool:
        return _number(value) and self.low <= value <= self.high  # type: ignore[operator]

    def __str__(self) -> str:
        return f"{self.low:g} … {self.high:g}, logarithmic"


@dataclass(frozen=True)
class IntRange:
    """Whole numbers from low to high, both included."""

    low: int
    high: int
    step: int = 1

    def values(self) -> range:
        """Every value on the axis, ascending; a range, because there may be billions."""
        return range(self.low, self.high + 1, self.step)

    def centre(self) -> int:
        """The middle value (the lower one of two)."""
        values = self.values()
        return values[(len(values) - 1) // 2]

    def ends(self) -> list[Value]:
        """The values that are validated: if they are valid, so are all values between them."""
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
        """The values that are validated: if they are valid, so are all values between them."""
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
    """The kind of axis whose name is close to a key: `uniform` for `{unifrom: [0, 1]}`."""
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
        AxisError: If the axis breaks a rule; the message is the rule, then the value.
    """
    kinds = [kind for kind in KINDS if kind in tree]
    if len(kinds) > 1:
        raise AxisError(f"must be one kind of axis, got {' and '.join(kinds)}")
    kind = kinds[0]
    unknown = [str(word) for word in tree if word not in (kind, "step")]
    if unknown:
        raise AxisError(
            f"an axis takes its kind and `step`, got {', '.join(unknown[:_SHOWN])} as well"
        )
    if kind == "choice":
        axis: Axis = _choice(tree["choice"])
    else:
        axis = _range(kind, tree[kind])
    return _with_step(axis, kind, tree["step"]) if "step" in tree else axis


def _number(value: object) -> bool:
    # math.isfinite raises on an int that is too large for a float.
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return plain and abs(value) <= sys.float_info.max  # type: ignore[arg-type]


def _choice(options: object) -> Choice:
    if not isinstance(options, list) or not options:
        raise AxisError(f"choice must be a list of one or more values, got {shortened(options)}")
    if len(options) > MAX_OPTIONS:
        raise AxisError(
            f"choice must be among at most {MAX_OPTIONS:,} values, got {len(options):,}"
        )
    for option in options:
        if not isinstance(option, str | int | float | bool):
            raise AxisError(f"choice must be among plain values, got {shortened(option)}")
    # 1 and 1.0 are one value of a setting; 1 and true are not.
    if len({(isinstance(option, bool), option) for option in options}) < len(options):
        raise AxisError(f"choice must name each value once, got {shortened(options)}")
    return Choice(tuple(options))


def _range(kind: str, bounds: object) -> Axis:
    if not (isinstance(bounds, list) and len(bounds) == 2 and all(map(_number, bounds))):
        raise AxisError(
            f"{kind} must be two numbers, [low, high], got {shortened(bounds)}{_hint(kind, bounds)}"
        )
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


def _hint(kind: str, bounds: object) -> str:
    """The range in numbers with a decimal point, if its bounds are percentages or have a comma."""
    if not isinstance(bounds, list):
        return ""
    if len(bounds) == 2 * 2 and all(map(_number, bounds)):  # [0,2, 0,9]
        return "; a decimal number has a point, as in 0.2"
    fractions = [fraction_of(bound) or without_comma(bound) for bound in bounds]
    if len(fractions) != 2 or None in fractions:
        return ""
    return f"; write {{{kind}: [{fractions[0]}, {fractions[1]}]}}"


def _with_step(axis: Axis, kind: str, step: object) -> Axis:
    if not isinstance(axis, Uniform | IntRange):
        raise AxisError(f"step must be used with uniform or int alone, got it with {kind}")
    if not _number(step) or step <= 0:  # type: ignore[operator]
        raise AxisError(f"step must be a number above 0, got {shortened(step)}")
    steps = (axis.high - axis.low) / step  # type: ignore[operator]
    if steps < 1 - _SLACK:
        raise AxisError(f"step must fit the range: at most {axis.high - axis.low:g}, got {step}")
    if isinstance(axis, IntRange):
        if not isinstance(step, int):
            raise AxisError(f"step of an int axis must be a whole number, got {step}")
        return replace(axis, step=step)
    if steps > _MAX_VALUES:
        raise AxisError(
            f"step must leave at most {_MAX_VALUES:,} values, got {step} for {steps:.3g}"
        )
    return replace(axis, step=float(step))  # type: ignore[arg-type]

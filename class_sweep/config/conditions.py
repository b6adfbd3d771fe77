"""Conditional axes: axes that have an effect under some values of other axes only.

`Section.idle` says where a setting has no effect. The search proposes an axis only where it has
one, so it decides the axes that switch others off before the others.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from class_sweep.config.axes import Axis, Choice, LogUniform, Uniform, Value
from class_sweep.config.idle import decides, extremes, idle_of
from class_sweep.config.section import Idle

Choose = Callable[[str, Axis], Value]
"""Returns the value of an axis, from its path and itself."""

IdleAt = Callable[[Mapping[str, Value]], Mapping[str, Idle] | None]
"""Returns what has no effect at values of some axes; None if the combination breaks a rule."""

_INSIDE = 1e-6  # share of a continuous range: no sampler draws its very end on purpose


@dataclass(frozen=True)
class Conditions:
    """The conditional axes of a space.

    An axis that is idle at the very end of a continuous range alone is not conditional.

    Attributes:
        order: All axes. An axis comes after those that decide whether it has an effect; in a cycle
            of such axes a choice comes first.
        reasons: Path of each conditional axis to the reasons why it may have no effect.
        deciding: The axes that decide about others.
    """

    order: tuple[str, ...]
    reasons: dict[str, str]
    deciding: frozenset[str]

    @classmethod
    def of(cls, axes: Mapping[str, Axis], idle_at: IdleAt) -> "Conditions":
        """Find the conditional axes of a space from its axes and its idle settings."""
        found = _Found(axes)
        tried, bases = set[str](), [dict[str, Value]()]
        while bases:  # each axis alone, then beside each value of an axis that decides about others
            for base in bases:
                for path, axis in axes.items():
                    for value in _inside(axis):
                        found.add(idle_at(base | {path: value}))
            new = [path for path in found.deciding if path not in tried]
            tried.update(new)
            bases = [{path: value} for path in new for value in _inside(axes[path])]
        if not found.reasons:
            return cls(tuple(axes), {}, frozenset())
        reasons = {path: " or ".join(found.reasons[path]) for path in axes if path in found.reasons}
        return cls(tuple(_sorted(axes, found.deciders)), reasons, frozenset(found.deciding))


class _Found:
    """What some points of a space say about its conditional axes."""

    def __init__(self, axes: Mapping[str, Axis]) -> None:
        self._axes = axes
        self.reasons: dict[str, dict[str, None]] = {}
        self.deciders: dict[str, set[str]] = {}

    @property
    def deciding(self) -> list[str]:
        """The axes that decide about others, in the order of the axes."""
        all_of_them = set().union(*self.deciders.values())
        return [path for path in self._axes if path in all_of_them]

    def add(self, idle_at_point: Mapping[str, Idle] | None) -> None:
        """Take the idle settings of one point; None if the point breaks a rule."""
        for path in self._axes:
            idle = idle_of(path, idle_at_point or {})
            if idle is None:
                continue
            deciders = {axis for axis in self._axes if axis != path and decides(axis, idle)}
            if deciders:
                self.reasons.setdefault(path, {})[idle.reason] = None
                self.deciders.setdefault(path, set()).update(deciders)


def decide(
    axes: Mapping[str, Axis],
    conditions: Conditions,
    idle_at: IdleAt,
    choose: Choose,
    given: Mapping[str, Value] | None = None,
) -> dict[str, Value]:
    """Choose a value for each axis that has an effect under the values chosen before.

    Args:
        axes: The axes of a space, by path.
        conditions: Its conditional axes.
        idle_at: Returns its idle settings for values of some axes.
        choose: Returns the value of an axis.
        given: Values of settings that are no axes.

    Returns:
        Path to value, in the order of `axes`. No axis that is left out has an effect. An axis that
        has none is included only if an axis that was chosen after it has switched it off.
    """
    if not conditions.reasons:
        return {path: choose(path, axis) for path, axis in axes.items()}
    values: dict[str, Value] = {}
    known: dict[tuple[Value | None, ...], Mapping[str, Idle]] = {}

    def acts(path: str) -> bool:
        if path not in conditions.reasons:
            return True
        key = tuple(values.get(axis) for axis in conditions.deciding)
        if key not in known:
            known[key] = idle_at({**(given or {}), **values}) or {}
        return idle_of(path, known[key]) is None

    left_out = []
    for path in conditions.order:
        if acts(path):
            values[path] = choose(path, axes[path])
        else:
            left_out.append(path)
    while left_out:  # an axis that was chosen later may have switched one on again
        idle = idle_at({**(given or {}), **values}) or {}
        late = next((path for path in left_out if idle_of(path, idle) is None), None)
        if late is None:
            break
        values[late] = choose(late, axes[late])
        left_out.remove(late)
    return {path: values[path] for path in axes if path in values}


def _inside(axis: Axis) -> list[Value]:
    """The extremes that are proposed with a probability above 0."""
    if isinstance(axis, LogUniform):
        return [axis.low * (1 + _INSIDE), axis.high * (1 - _INSIDE)]
    if isinstance(axis, Uniform) and axis.step is None:
        margin = _INSIDE * (axis.high - axis.low)
        return [axis.low + margin, axis.high - margin]
    return extremes(axis)


def _sorted(axes: Mapping[str, Axis], deciders: Mapping[str, set[str]]) -> Iterator[str]:
    """The axes, each after its deciders; apart from that in their own order."""
    left = list(axes)
    while left:
        above = {path: _above(path, deciders, left) for path in left}
        # The first axes of all, alone or in a cycle: whatever is above them is below them too.
        first = [p for p in left if all(p in above[other] for other in above[p])]
        path = min(first, key=lambda p: bool(above[p]) and not isinstance(axes[p], Choice))
        yield path
        left.remove(path)


def _above(path: str, deciders: Mapping[str, set[str]], left: list[str]) -> set[str]:
    """The axes among those that are left that decide about an axis, directly or through others."""
    found, new = set[str](), {path}
    while new:
        new = {d for p in new for d in deciders.get(p, ()) if d in left} - found
        found |= new
    return found

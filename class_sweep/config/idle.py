"""Settings without an effect: in one configuration, and in every configuration of a space.

Each section says which settings do nothing beside the others; see `Section.idle`.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import product

from class_sweep.config.axes import Axis, Choice, Value
from class_sweep.config.section import Idle, Section
from class_sweep.config.sections import Settings
from class_sweep.errors import ConfigError

Resolve = Callable[[Mapping[str, Value]], Settings]


def idle_settings(settings: Settings) -> dict[str, Idle]:
    """The settings of one configuration that have no effect, by dotted path."""
    return {
        path: idle
        for _, section in settings
        if isinstance(section, Section)
        for path, idle in section.idle(settings).items()
    }


class IdleFinder:
    """Finds the settings that have an effect in no configuration of a space.

    Whether a setting is idle depends on the settings that its section names. A condition that holds
    at both ends of a range must hold between them.
    """

    def __init__(self, axes: Mapping[str, Axis], resolve: Resolve) -> None:
        """Take the axes of a space, and what gives the settings for values of some axes."""
        self._axes = axes
        self._resolve = resolve
        self._found: dict[tuple[tuple[str, Value], ...], dict[str, Idle] | None] = {}

    def reason(self, path: str) -> str | None:
        """Why a setting has no effect in any configuration; None if it has one in some."""
        conditions: list[str] = []
        while True:
            idles = []
            for values in self._corners(conditions):
                found = self.idle_at(values)
                if found is None:  # the combination breaks a rule: no trial has it
                    continue
                idle = idle_of(path, found)
                if idle is None:
                    return None
                idles.append(idle)
            decisive = {axis for idle in idles for axis in self._axes if decides(axis, idle)}
            if not decisive - set(conditions):
                return " or ".join(dict.fromkeys(idle.reason for idle in idles)) or None
            conditions = sorted(decisive.union(conditions))

    def _corners(self, conditions: list[str]) -> Iterator[dict[str, Value]]:
        for values in product(*(extremes(self._axes[axis]) for axis in conditions)):
            yield dict(zip(conditions, values, strict=True))

    def idle_at(self, values: Mapping[str, Value]) -> dict[str, Idle] | None:
        """What has no effect at values of some axes; None if the combination breaks a rule."""
        key = tuple(values.items())
        if key not in self._found:
            try:
                self._found[key] = idle_settings(self._resolve(values))
            except (ConfigError, ValueError):
                self._found[key] = None
        return self._found[key]


def sections_of(path: str) -> Iterator[str]:
    """A dotted path and the sections above it."""
    while path:
        yield path
        path = path.rpartition(".")[0]


def idle_of(path: str, found: Mapping[str, Idle]) -> Idle | None:
    """Why a setting, or a section above it, has no effect; None if it has one."""
    return next((found[name] for name in sections_of(path) if name in found), None)


def decides(axis: str, idle: Idle) -> bool:
    """Whether an axis is among the settings that decide that another one has no effect."""
    return any(name in idle.depends_on for name in sections_of(axis))


def extremes(axis: Axis) -> list[Value]:
    """The values between which a condition holds if it holds at all of them."""
    ends = axis.ends()
    numbers = [end for end in ends if isinstance(end, int | float) and not isinstance(end, bool)]
    if isinstance(axis, Choice) and len(numbers) < len(ends):
        return ends
    return [min(numbers), max(numbers)]

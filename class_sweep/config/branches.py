"""The branches of a space with `one_of`: an ordinary space for each combination of bundles."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from class_sweep.config.axes import Axis, Value
from class_sweep.config.bundles import Branch, OneOf, setting_path
from class_sweep.config.idle import idle_of
from class_sweep.config.section import Idle
from class_sweep.config.sections import Settings


class OrdinarySpace(Protocol):
    """A space without `one_of`."""

    @property
    def axes(self) -> dict[str, Axis]:
        """Path to axis."""

    @property
    def idle_axes(self) -> dict[str, str]:
        """Path to reason."""

    def resolve(self, values: Mapping[str, Value]) -> Settings:
        """The settings of a trial."""

    def idle_at(self, values: Mapping[str, Value]) -> Mapping[str, Idle] | None:
        """The idle settings of a trial."""


AnySpace = TypeVar("AnySpace", bound=OrdinarySpace)


@dataclass(frozen=True)
class Branches(Generic[AnySpace]):
    """The branches of a space, and how its axes are those of a branch.

    Attributes:
        one_ofs: Every `one_of` of the file.
        parts: Each branch with its space, the first bundles first.
    """

    one_ofs: tuple[OneOf, ...]
    parts: tuple[tuple[Branch, AnySpace], ...]

    @property
    def spaces(self) -> list[AnySpace]:
        """The space of each branch."""
        return [space for _, space in self.parts]

    def with_spaces(self, change: Callable[[AnySpace], AnySpace]) -> "Branches[AnySpace]":
        """The branches with changed spaces."""
        return replace(self, parts=tuple((branch, change(space)) for branch, space in self.parts))

    def axes(self) -> dict[str, Axis]:
        """The bundles as axes, then the axes of every branch by their paths in the file."""
        found: dict[str, Axis] = {one_of.path: one_of.axis for one_of in self.one_ofs}
        for branch, space in self.parts:
            found |= {branch.place(path): axis for path, axis in space.axes.items()}
        return found

    def idle_axes(self) -> dict[str, str]:
        """The axes that act in no branch, with a reason."""
        acting, idle = self.axes(), dict[str, str]()
        for branch, space in self.parts:
            idle |= {branch.place(path): reason for path, reason in space.idle_axes.items()}
        return {path: reason for path, reason in idle.items() if path not in acting}

    def chosen(self, values: Mapping[str, Value]) -> tuple[Branch, AnySpace, dict[str, Value]]:
        """The branch of a configuration, its space, and the values as that space has them.

        Args:
            values: Dotted path to value. The first bundle is chosen where none is named. A value of
                a setting by its own path wins over one by its place in a bundle.
        """
        branch, space = next(
            (branch, space)
            for branch, space in self.parts
            if all(values.get(path, label) == label for path, label in branch.labels.items())
        )
        within = {
            setting_path(path): value
            for path, value in values.items()
            if path != setting_path(path) and branch.place(setting_path(path)) == path
        }
        plain = {
            path: value
            for path, value in values.items()
            if path == setting_path(path) and path not in branch.labels
        }
        return branch, space, within | plain

    def idle_at(self, values: Mapping[str, Value]) -> Mapping[str, Idle] | None:
        """The axes without effect, by their paths in the file; None if the values break a rule."""
        branch, space, own = self.chosen(values)
        idle = space.idle_at(own)
        if idle is None:
            return None
        found = {}
        for path in self.axes():
            setting = setting_path(path)
            if path in branch.labels:
                continue
            if branch.place(setting) != path:  # in another bundle, or not an axis of this one
                found[path] = Idle(f"{self._owner(path)} is another bundle", (self._owner(path),))
            elif (why := idle_of(setting, idle)) is not None:
                found[path] = Idle(why.reason, tuple(self._deciding(why)))
        return found

    def _owner(self, path: str) -> str:
        """The `one_of` of an axis in a bundle, or of a setting that this bundle gives."""
        setting = setting_path(path)
        return next(
            one_of.path
            for one_of in self.one_ofs
            if path.startswith(f"{one_of.path}.") or setting in one_of.settings
        )

    def _deciding(self, idle: Idle) -> Iterator[str]:
        """The axes in the place of the settings that decide."""
        for setting in idle.depends_on:
            yield setting
            for one_of in self.one_ofs:
                for number in range(len(one_of.bundles)):
                    if setting in (places := one_of.places(number)):
                        yield from (one_of.path, places[setting])

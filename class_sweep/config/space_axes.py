"""The axes of a space: which act in a trial, their grid, and the trials of each group."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Self

from class_sweep.config.axes import Axis, Value
from class_sweep.config.axis_places import SIGMA, SIGMA_QUANTILE
from class_sweep.config.branches import Branches
from class_sweep.config.bundles import setting_path
from class_sweep.config.conditions import Choose, Conditions, decide
from class_sweep.config.full_data import full_data_axes, full_data_trials
from class_sweep.config.grid import SpaceGrid, grid_of
from class_sweep.config.idle import idle_settings
from class_sweep.config.search_groups import Group, group_sizes
from class_sweep.config.section import Idle
from class_sweep.config.sections import Settings
from class_sweep.config.sigma import Quantile
from class_sweep.errors import ConfigError


class SpaceAxes(ABC):
    """What follows from the axes of a space.

    Attributes:
        axes: Dotted path to axis, in the file's order.
        idle_axes: The axes that act in no trial: path to reason.
        settings: The settings, each axis at its centre.
        branches: The space of each combination of bundles; None without `one_of`.
    """

    axes: dict[str, Axis]
    idle_axes: dict[str, str]
    settings: Settings
    branches: "Branches[Self] | None"

    @abstractmethod
    def resolve(self, values: Mapping[str, Value]) -> Settings:
        """The settings of a trial."""

    @abstractmethod
    def changed(self, **attributes: Any) -> Self:
        """A copy with some other attributes."""

    def sigmas(self) -> list[float | Quantile]:
        """Every σ that a trial may have, ascending in each branch."""
        if self.branches is not None:
            found = [sigma for space in self.branches.spaces for sigma in space.sigmas()]
            return [sigma for i, sigma in enumerate(found) if sigma not in found[:i]]
        if axis := self.axes.get(SIGMA_QUANTILE):
            return [Quantile(quantile=float(value)) for value in sorted(axis.values() or ())]
        axis = self.axes.get(SIGMA)
        if axis is None:
            return [self.settings.curriculum.sigma]
        return [*sorted(float(value) for value in axis.values() or ())]

    def grid(self, path: str) -> list[Any]:
        """Every value that a setting may have: the grid of its axis, or its one value."""
        if self.branches is not None:
            values = [value for space in self.branches.spaces for value in space.grid(path)]
            return list(dict.fromkeys(values))
        axis = self.axes.get(path)
        if axis:
            return list(axis.values() or ())
        section, _, name = path.partition(".")
        return [getattr(getattr(self.settings, section), name)]

    @property
    def alternatives(self) -> Sequence[Self]:
        """The space of each combination of bundles, without `one_of`; itself if there is none."""
        return [self] if self.branches is None else self.branches.spaces

    def idle_at(self, values: Mapping[str, Value]) -> Mapping[str, Idle] | None:
        """What has no effect at values of some axes; None if the combination breaks a rule."""
        if self.branches is not None:
            return self.branches.idle_at(values)
        try:
            return idle_settings(self.resolve(values))
        except (ConfigError, ValueError):
            return None

    @cached_property
    def conditions(self) -> Conditions:
        """The axes that have an effect under some values of other axes only."""
        return Conditions.of(self.axes, self.idle_at)

    def decide(self, choose: Choose) -> dict[str, Value]:
        """A configuration: a value for each axis that has an effect beside the others.

        Args:
            choose: Returns the value of an axis, from its path and itself. It is asked in an order
                in which an axis comes after those that decide whether it has an effect.
        """
        return decide(self.axes, self.conditions, self.idle_at, choose)

    def active(self, values: Mapping[str, Value]) -> dict[str, Axis]:
        """The axes that have an effect in a configuration, in the file's order.

        Args:
            values: Dotted path to value, also of settings that are no axes.
        """
        given = {path: value for path, value in values.items() if path not in self.axes}
        found = decide(
            self.axes,
            self.conditions,
            self.idle_at,
            lambda path, axis: values[path] if path in values else axis.centre(),
            given,
        )
        return {path: self.axes[path] for path in found}

    def on_axes(self, values: Mapping[str, Value]) -> dict[str, Axis] | None:
        """The active axes of a configuration; None if one of its values is off its axis.

        A baseline may be: it has values of its own for the settings of a bundle, for example.
        """
        if self._settings_of_bundles() & values.keys():
            return None
        active = self.active(values)
        return active if all(values.get(path) in axis for path, axis in active.items()) else None

    def _settings_of_bundles(self) -> set[str]:
        """The settings of the bundles that are axes here; full data's own space has no schedule."""
        one_ofs = [] if self.branches is None else self.branches.one_ofs
        found = {path for one_of in one_ofs if one_of.path in self.axes for path in one_of.settings}
        schedule = [path for path in self.axes if setting_path(path).startswith("curriculum.")]
        return found if schedule else set(full_data_axes(dict.fromkeys(found)))

    @cached_property
    def grid_of_axes(self) -> SpaceGrid | None:
        """All configurations; None if an axis is continuous, or too many decide about others."""
        return grid_of(self.axes, self.conditions.deciding, self.decide)

    def grid_size(self) -> int | None:
        """The number of configurations; None without a grid."""
        return self.grid_of_axes.size if self.grid_of_axes else None

    @cached_property
    def full_data_trials(self) -> int:
        """The number of trials that tune full data, the control, alone."""
        return full_data_trials(self.settings, self.axes, self.full_data_size)

    @cached_property
    def full_data_size(self) -> int | None:
        """The number of configurations of full data's own axes; None without a grid."""
        return self.changed(axes=full_data_axes(self.axes)).grid_size()

    @property
    def schedule_trials(self) -> int:
        """The number of schedules that the sampler proposes."""
        return self.settings.search.proposed - self.full_data_trials

    @cached_property
    def group_sizes(self) -> dict[Group, int]:
        """The number of proposed trials of each group; see `search_groups`."""
        return group_sizes(self.settings, self.full_data_trials)

    def first_group_sizes(self, trials: int) -> dict[Group, int]:
        """The number of proposed trials of each group among the first trials of the sweep."""
        return group_sizes(self.settings, self.full_data_trials, trials)

    def centre(self) -> dict[str, Value]:
        """The middle of every axis; the first option of a choice, and the first bundle."""
        if self.branches is not None:
            branch, space = self.branches.parts[0]
            within = {branch.place(path): value for path, value in space.centre().items()}
            return branch.labels | within
        return {path: axis.centre() for path, axis in self.axes.items()}

"""Read a space file as a `Space`: its settings and axes. All mistakes are reported at once."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self, Unpack

from pydantic import ValidationError

from class_sweep.config.axes import (
    Axis,
    AxisError,
    Value,
    parse_axis,
)
from class_sweep.config.axis_places import SIGMA, SIGMA_QUANTILE, admitted, axes_in
from class_sweep.config.code import Sections, tree_of
from class_sweep.config.components import SAMPLERS, register_all, registered
from class_sweep.config.conditions import Choose, Conditions, decide
from class_sweep.config.full_data import full_data_axes, full_data_trials
from class_sweep.config.grid import SpaceGrid, grid_of
from class_sweep.config.objective import Objective
from class_sweep.config.paths import PathContext
from class_sweep.config.plugin_files import loaded_plugins
from class_sweep.config.problems import Problem, dotted, problems_of
from class_sweep.config.renamed import REMOVED_SETTINGS, removed_with_effect
from class_sweep.config.search_groups import Group, group_sizes
from class_sweep.config.sections import Settings
from class_sweep.config.settings_tree import changed_texts, objective_of, put, validated
from class_sweep.config.sigma import Quantile
from class_sweep.config.space_rules import cross_rules, grid_rules, sampler_rules, trial_rules
from class_sweep.config.tree_checks import idle_axes, wrong_settings
from class_sweep.config.yaml_text import (
    Key,
    YamlDocument,
    read_text,
    read_yaml,
    with_values,
    write_yaml,
)
from class_sweep.config.yaml_values import (
    require_plain_values,
    with_axes_spelt_out,
    without_extensions,
    without_removed,
)
from class_sweep.errors import ConfigError

_PLUGINS, _REGISTERED = "plug-in files", "registered components"
SEED = "search.seed"


@dataclass(frozen=True, init=False, repr=False)
class Space:
    """A search space: the settings that all trials share, and the axes on which trials differ.

    `load_space` reads one from a file. In code, the arguments are the sections of a file:

    Example:
        ```python
        space = cs.Space(
            data=cs.data.Table("pairs.csv"),
            text_encoder=cs.text_encoders.Lsa(),
            molecule_encoder=cs.molecule_encoders.Morgan(),
            backbone=cs.backbones.Contrastive(),
            curriculum=cs.Curriculum(alpha=cs.uniform(0.2, 0.9)),
            budget=cs.Budget(epochs=8),
            search=cs.Search(trials=16),
        )
        ```

    Attributes:
        name: The file's name, for messages; `space` for a space in code.
        folder: The folder of the file, absolute; the working directory for a space in code.
        text: The text of the file with absolute paths: it is the same space in any folder.
        lines: The line of each key of the file; none for a space in code.
        tree: The settings as plain values, each axis at its centre, each path absolute.
        axes: Dotted path to axis, in the file's order.
        idle_axes: The axes that are left out, because they act in no trial: path to reason.
        settings: `tree` as typed settings.
        objective: What the sweep optimises.
        removed: Dotted path to value of the settings in the file of an old sweep that exist no
            more, and without which its trials cannot be trained again.
        extended_from: The numbers of trials that a sweep had before it was extended, the first one
            first.
    """

    name: str
    folder: Path
    text: str
    lines: Mapping[Key, int]
    tree: dict[str, Any]
    axes: dict[str, Axis]
    idle_axes: dict[str, str]
    settings: Settings
    objective: Objective
    removed: dict[str, Any] = field(default_factory=dict)
    extended_from: tuple[int, ...] = ()

    def __init__(self, **sections: Unpack[Sections]) -> None:
        """Build a space in code, by the rules of a file. Relative paths start here.

        Raises:
            ConfigError: With one line for each mistake: the path of the argument, rule, value.
        """
        document = read_yaml(write_yaml(tree_of(sections)), "space")
        self.__dict__.update(vars(_parse(replace(document, lines={}), PathContext.of(None))))

    @classmethod
    def _of(cls, **values: Any) -> Self:
        """A space of checked attributes."""
        space = cls.__new__(cls)
        space.__dict__.update(values)
        return space

    def changed(self, **attributes: Any) -> Self:
        """A copy with some other attributes, as `dataclasses.replace` makes it."""
        return self._of(**self._attributes() | attributes)

    def _attributes(self) -> dict[str, Any]:
        """The attributes without what is derived from them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __repr__(self) -> str:
        axes = ", ".join(f"{path} {axis}" for path, axis in self.axes.items()) or "no axes"
        return f"<Space {self.name}: {axes}>"

    def __getstate__(self) -> dict[str, Any]:
        """The space, with the plug-in files and the components that another process may lack.

        The files come first: reading one loads it, and the settings are of its classes.
        """
        return {_PLUGINS: loaded_plugins(), _REGISTERED: registered()} | self._attributes()

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Restore the space, and register the components that came with it."""
        register_all(state[_REGISTERED])
        brought = {_PLUGINS, _REGISTERED}
        self.__dict__.update({name: value for name, value in state.items() if name not in brought})

    def resolve(self, values: Mapping[str, Value]) -> Settings:
        """The settings of a trial.

        Args:
            values: Dotted path to value, for some or all axes; other axes are at their centre.

        Raises:
            ConfigError: If a value breaks the rule of its setting.
        """
        tree = copy.deepcopy(self.tree)
        for path, value in values.items():
            if path not in REMOVED_SETTINGS:  # of a trial of an old sweep
                put(tree, tuple(path.split(".")), value)
        return self._validated(tree, PathContext(self.folder))

    def require_inputs(self) -> None:
        """Check that the files and folders exist that the space names.

        Raises:
            ConfigError: With one line for each missing input.
        """
        self._validated(self.tree, PathContext(self.folder, must_exist=True))

    def line(self, path: str) -> str:
        """`file:line` of a setting, or of its section if the setting is not in the file.

        A space in code has no lines: its places are the paths of its settings.
        """
        line = self._document(self.tree).line(tuple(path.split(".")))
        return f"{self.name}:{line}" if self.lines else path

    def place(self, path: str) -> str:
        """`file:line: path`, the beginning of a message about a setting."""
        return f"{self.line(path)}: {path}" if self.lines else path

    def _document(self, tree: dict[str, Any]) -> YamlDocument:
        return YamlDocument(self.name, self.text, tree, dict(self.lines))

    def _validated(self, tree: dict[str, Any], context: PathContext) -> Settings:
        try:
            return validated(tree, context)
        except ValidationError as error:
            problems = problems_of(error, self._document(tree), Settings)
            raise ConfigError(
                "\n".join(problem.render(self.name) for problem in problems)
            ) from None

    def sigmas(self) -> list[float | Quantile]:
        """Every σ that a trial may have, ascending."""
        if axis := self.axes.get(SIGMA_QUANTILE):
            return [Quantile(quantile=float(value)) for value in sorted(axis.values() or ())]
        axis = self.axes.get(SIGMA)
        if axis is None:
            return [self.settings.curriculum.sigma]
        return [*sorted(float(value) for value in axis.values() or ())]

    def grid(self, path: str) -> list[Any]:
        """Every value that a setting may have: the grid of its axis, or its one value."""
        axis = self.axes.get(path)
        if axis:
            return list(axis.values() or ())
        section, _, name = path.partition(".")
        return [getattr(getattr(self.settings, section), name)]

    @cached_property
    def conditions(self) -> Conditions:
        """The axes that have an effect under some values of other axes only."""
        return Conditions.of(self.axes, self.resolve)

    def decide(self, choose: Choose) -> dict[str, Value]:
        """A configuration: a value for each axis that has an effect beside the others.

        Args:
            choose: Returns the value of an axis, from its path and itself. It is asked in an order
                in which an axis comes after those that decide whether it has an effect.
        """
        return decide(self.axes, self.conditions, self.resolve, choose)

    def active(self, values: Mapping[str, Value]) -> dict[str, Axis]:
        """The axes that have an effect in a configuration, in the file's order.

        Args:
            values: Dotted path to value, also of settings that are no axes.
        """
        given = {path: value for path, value in values.items() if path not in self.axes}
        found = decide(
            self.axes,
            self.conditions,
            self.resolve,
            lambda path, axis: values[path] if path in values else axis.centre(),
            given,
        )
        return {path: self.axes[path] for path in found}

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

    @property
    def stages(self) -> list["Space"]:
        """The space with each number of trials that the sweep has had, the present one last."""
        search = self.settings.search
        of_stages = [search.model_copy(update={"trials": n}) for n in self.extended_from]
        before = [self.settings.model_copy(update={"search": stage}) for stage in of_stages]
        return [*(self.changed(settings=settings, extended_from=()) for settings in before), self]

    def centre(self) -> dict[str, Value]:
        """The middle of every axis; the first option of a choice."""
        return {path: axis.centre() for path, axis in self.axes.items()}


def load_space(path: Path | str, *, recorded: bool = False) -> Space:
    """Read a space file.

    Args:
        path: The file.
        recorded: Whether the file belongs to results. Settings that have been removed since are
            then left out, not refused.

    Raises:
        ConfigError: With one line for each mistake of the file: location, rule, value.
    """
    file = Path(path)
    return parse_space(read_text(file), str(file), file.parent, recorded=recorded)


def parse_space(
    text: str, name: str = "space", folder: Path | None = None, *, recorded: bool = False
) -> Space:
    """Read a space from YAML text; see `load_space`.

    Args:
        text: The text.
        name: The name of the file, for messages.
        folder: The folder that relative paths start from; the working directory unless given.
        recorded: Whether the text belongs to results; see `load_space`.
    """
    return _parse(
        read_yaml(text, name), PathContext((folder or Path()).absolute()), recorded=recorded
    )


def _parse(document: YamlDocument, context: PathContext, *, recorded: bool = False) -> Space:
    name = document.name
    require_plain_values(document)
    yaml = with_axes_spelt_out(without_extensions(document))
    yaml, removed = without_removed(yaml) if recorded else (yaml, {})
    tree = copy.deepcopy(yaml.tree)
    axes: dict[str, Axis] = {}
    problems: list[Problem] = []
    bad: set[str] = set()
    for key, raw in (found for word in tree for found in axes_in(yaml.tree[word], (word,))):
        path = dotted(key)
        try:
            axis = parse_axis(raw)
            put(tree, key, axis.centre())  # so that the rest is checked too
            axes[path] = admitted(key, axis)
            put(tree, key, axes[path].centre())
        except AxisError as error:
            problems.append(Problem(yaml.line(key), path, str(error)))
            bad.add(path)
    problems += wrong_settings(replace(yaml, tree=tree), axes, bad, context)
    objective = objective_of(tree, yaml, problems)
    settings = None if problems else validated(tree, context)
    idle = {} if problems else idle_axes(tree, axes, context)
    axes = {path: axis for path, axis in axes.items() if path not in idle}
    broken = cross_rules(tree, yaml, objective, varied=bool(axes or problems))
    broken += sampler_rules(tree, yaml, axes)
    space = None
    if settings is not None and objective is not None:
        paths = dict(changed_texts(tree, settings.model_dump(mode="json"), ()))
        for key, path in paths.items():
            put(tree, key, path)
        space = Space._of(
            name=name,
            folder=context.folder,
            text=with_values(document, paths),
            lines=yaml.lines,
            tree=tree,
            axes=axes,
            idle_axes=idle,
            settings=settings,
            objective=objective,
            removed=removed_with_effect(removed),
        )
        own, search = space.full_data_trials, settings.search
        broken += trial_rules(settings, yaml, axes, own, space.full_data_size)
        # Earlier versions counted a configuration once for each value of an axis without effect.
        finite = all(axis.values() is not None for axis in axes.values())
        if SAMPLERS[search.sampler].axes == "finite" and axes and finite and not recorded:
            broken += grid_rules(search, yaml, space.conditions, own, space.grid_size())
    if removed:  # they held for the axes of the old version
        broken = []
    if broken:  # the idle axes may be the reason
        broken += [
            Problem(yaml.line(tuple(path.split("."))), path, f"must have an effect: {reason}")
            for path, reason in idle.items()
        ]
    problems += broken
    if problems or space is None:
        raise ConfigError("\n".join(problem.render(name) for problem in sorted(set(problems))))
    return space


def dump_settings(settings: Settings) -> str:
    """The settings as YAML text; `load_space` accepts it if the settings have one trial."""
    return write_yaml(settings.model_dump(mode="json", exclude_none=True))

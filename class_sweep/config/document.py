"""Read a space file as a `Space`: its settings and axes. All mistakes are reported at once."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self, Unpack

from pydantic import ValidationError

from class_sweep.config.axes import (
    SECTIONS,
    Axis,
    AxisError,
    LogUniform,
    Uniform,
    Value,
    grid_size,
    looks_like_axis,
    parse_axis,
)
from class_sweep.config.code import Sections, tree_of
from class_sweep.config.components import register_all, registered
from class_sweep.config.full_data import full_data_trials
from class_sweep.config.idle import IdleFinder
from class_sweep.config.objective import Objective
from class_sweep.config.paths import PathContext
from class_sweep.config.plugin_files import loaded_plugins
from class_sweep.config.problems import Problem, dotted, problems_of
from class_sweep.config.renamed import REMOVED_SETTINGS, removed_with_effect
from class_sweep.config.search_groups import Group, group_sizes
from class_sweep.config.sections import Settings
from class_sweep.config.settings_tree import changed_texts, objective_of, put, validated
from class_sweep.config.sigma import Quantile
from class_sweep.config.space_rules import cross_rules, sampler_rules, trial_rules
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
SIGMA = "curriculum.sigma"
SIGMA_QUANTILE = "curriculum.sigma.quantile"
TEXT_WEIGHT = "curriculum.text_weight"
INDEX_STEPS = {SIGMA: 0.001, SIGMA_QUANTILE: 0.01, TEXT_WEIGHT: 0.1}
"""The step of an axis that has none. The index is counted once for all trials, so it needs finitely
many values."""
_QUANTILE_KEY: Key = tuple(SIGMA_QUANTILE.split("."))
_KNOTS = {("curriculum", "pacing_knots"), ("curriculum", "intensity_knots")}
_NESTED = {("curriculum", "intensity"), *_KNOTS}


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
        return self._of(**vars(self) | attributes)

    def __repr__(self) -> str:
        axes = ", ".join(f"{path} {axis}" for path, axis in self.axes.items()) or "no axes"
        return f"<Space {self.name}: {axes}>"

    def __getstate__(self) -> dict[str, Any]:
        """The space, with the plug-in files and the components that another process may lack.

        The files come first: reading one loads it, and the settings are of its classes.
        """
        return {_PLUGINS: loaded_plugins(), _REGISTERED: registered()} | self.__dict__

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

    @property
    def full_data_trials(self) -> int:
        """The number of trials that tune full data, the control, alone."""
        return full_data_trials(self.settings, self.axes)

    @property
    def schedule_trials(self) -> int:
        """The number of schedules that the sampler proposes."""
        return self.settings.search.proposed - self.full_data_trials

    @property
    def group_sizes(self) -> dict[Group, int]:
        """The number of proposed trials of each group; see `search_groups`."""
        return group_sizes(self.settings, self.axes)

    @property
    def stages(self) -> list["Space"]:
        """The space with each number of trials that the sweep has had, the present one last."""
        search = self.settings.search
        of_stages = [search.model_copy(update={"trials": n}) for n in self.extended_from]
        before = [self.settings.model_copy(update={"search": stage}) for stage in of_stages]
        return [*(self.changed(settings=settings, extended_from=()) for settings in before), self]

    def grid_size(self) -> int | None:
        """The number of configurations of all axes together; None if an axis is continuous."""
        return grid_size(self.axes)

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
    for key, raw in (found for word in tree for found in _axes_in(yaml.tree[word], (word,))):
        path = dotted(key)
        try:
            axis = parse_axis(raw)
            put(tree, key, axis.centre())  # so that the rest is checked too
            axes[path] = _admitted(key, axis)
            put(tree, key, axes[path].centre())
        except AxisError as error:
            problems.append(Problem(yaml.line(key), path, str(error)))
            bad.add(path)
    problems += _wrong_settings(replace(yaml, tree=tree), axes, bad, context)
    objective = objective_of(tree, yaml, problems)
    settings = None if problems else validated(tree, context)
    idle = {} if problems else _idle_axes(tree, axes, context)
    axes = {path: axis for path, axis in axes.items() if path not in idle}
    broken = cross_rules(tree, yaml, objective, varied=bool(axes or problems))
    broken += sampler_rules(tree, yaml, axes)
    broken += trial_rules(settings, yaml, axes) if settings else []
    if removed:  # they held for the axes of the old version
        broken = []
    if broken:  # the idle axes may be the reason
        broken += [
            Problem(yaml.line(tuple(path.split("."))), path, f"must have an effect: {reason}")
            for path, reason in idle.items()
        ]
    problems += broken
    if problems or objective is None or settings is None:
        raise ConfigError("\n".join(problem.render(name) for problem in sorted(set(problems))))
    paths = dict(changed_texts(tree, settings.model_dump(mode="json"), ()))
    for key, path in paths.items():
        put(tree, key, path)
    return Space._of(
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


def dump_settings(settings: Settings) -> str:
    """The settings as YAML text; `load_space` accepts it if the settings have one trial."""
    return write_yaml(settings.model_dump(mode="json", exclude_none=True))


def _axes_in(tree: Any, key: Key) -> list[tuple[Key, Any]]:
    if looks_like_axis(tree):
        return [(key, tree)]
    if isinstance(tree, dict | list):
        below = tree.items() if isinstance(tree, dict) else enumerate(tree)
        return [axis for word, value in below for axis in _axes_in(value, (*key, word))]
    return []


def _admitted(key: Key, axis: Axis) -> Axis:
    """Check that the setting at `key` can be an axis; give σ and the text weight a step."""
    nested = key == _QUANTILE_KEY or (len(key) == 3 and key[:2] in _NESTED)
    if not nested and (len(key) != 2 or key[0] not in SECTIONS):
        raise AxisError(
            f"must be a plain value, got an axis; axes are allowed in {', '.join(SECTIONS)}"
        )
    if key in _KNOTS:
        raise AxisError("must be a list with an axis for each knot, or their number, got one axis")
    if dotted(key) == "backbone.name":
        raise AxisError("must be one backbone: sweep each in a file of its own and compare them")
    if dotted(key) in INDEX_STEPS:
        if isinstance(axis, LogUniform):
            raise AxisError("must be uniform or choice, got loguniform")
        if isinstance(axis, Uniform) and axis.step is None:
            return replace(axis, step=min(INDEX_STEPS[dotted(key)], axis.high - axis.low))
    return axis


def _wrong_settings(
    yaml: YamlDocument, axes: Mapping[str, Axis], bad: set[str], context: PathContext
) -> list[Problem]:
    """Validate with all axes at their centres, then with one axis at each of its ends."""
    problems = []
    for path, value in [("", None), *((p, end) for p, axis in axes.items() for end in axis.ends())]:
        tree = copy.deepcopy(yaml.tree)
        if path:
            put(tree, tuple(path.split(".")), value)
        try:
            validated(tree, context)
        except ValidationError as error:
            mistakes = problems_of(error, replace(yaml, tree=tree), Settings)
            new = [
                p
                for p in mistakes
                if (f"{path}.".startswith(f"{p.path}.") if path else p.path not in axes)
            ]
            problems += [p for p in new if not any(f"{p.path}.".startswith(f"{b}.") for b in bad)]
    return problems


def _idle_axes(
    tree: dict[str, Any], axes: Mapping[str, Axis], context: PathContext
) -> dict[str, str]:
    """The axes that act in no trial, with the reason."""

    def resolve(values: Mapping[str, Value]) -> Settings:
        copied = copy.deepcopy(tree)
        for path, value in values.items():
            put(copied, tuple(path.split(".")), value)
        return validated(copied, context)

    finder = IdleFinder(axes, resolve)
    reasons = {path: finder.reason(path) for path in axes}
    return {path: reason for path, reason in reasons.items() if reason}

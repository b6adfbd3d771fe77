"""Read a space file as a `Space`: its settings and axes. All mistakes are reported at once."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self, Unpack

from pydantic import ValidationError

from class_sweep.config.axes import (
    Axis,
    AxisError,
    Value,
    parse_axis,
)
from class_sweep.config.axis_places import admitted, axes_in
from class_sweep.config.baseline_files import comparison_problems, with_baseline_files
from class_sweep.config.branches import Branches
from class_sweep.config.bundles import Branch, OneOf, any_one_of, branches, read_bundles
from class_sweep.config.code import Sections, tree_of
from class_sweep.config.components import register_all, registered
from class_sweep.config.objective import Objective
from class_sweep.config.paths import PathContext
from class_sweep.config.plugin_files import loaded_plugins
from class_sweep.config.problems import Problem, dotted, problems_of
from class_sweep.config.renamed import REMOVED_SETTINGS, removed_with_effect
from class_sweep.config.sections import Settings
from class_sweep.config.settings_tree import changed_texts, objective_of, put, validated
from class_sweep.config.space_axes import SpaceAxes
from class_sweep.config.space_rules import (
    cross_rules,
    search_problems,
)
from class_sweep.config.tree_checks import idle_axes, idle_problems, wrong_settings
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
class Space(SpaceAxes):
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
        text: The text of the file with absolute paths, and with the schedules of the files among
            its baselines: it is the same space in any folder.
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
        branches: The space of each combination of bundles of a file with `one_of`. Its `tree` and
            `settings` are then those of the first; a function that reads them, or the axes by the
            paths of settings, does so for each of its `alternatives`.
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
    branches: "Branches[Space] | None" = None

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
        if self.branches is not None:
            _, branch, own = self.branches.chosen(values)
            return branch.resolve(own)
        tree = copy.deepcopy(self.tree)
        for path, value in values.items():
            if path not in REMOVED_SETTINGS:  # of a trial of an old sweep
                put(tree, tuple(path.split(".")), value)
        return self._validated(tree, PathContext(self.folder))

    @property
    def stages(self) -> list["Space"]:
        """The space with each number of trials that the sweep has had, the present one last."""
        search = self.settings.search
        of_stages = [search.model_copy(update={"trials": n}) for n in self.extended_from]
        before = [self.settings.model_copy(update={"search": stage}) for stage in of_stages]
        return [*(self.changed(settings=settings, extended_from=()) for settings in before), self]

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
        key = tuple(int(part) if part.isdigit() else part for part in path.split("."))
        line = self._document(self.tree).line(key)
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
    require_plain_values(document)
    document, files, problems = with_baseline_files(document, context)
    yaml = without_extensions(document)
    one_ofs, bad_bundles = read_bundles(yaml)
    problems += bad_bundles
    found: list[tuple[Branch, Space | None]] = []
    if not bad_bundles:
        for branch in branches(yaml, one_ofs):
            space, mistakes = _read(document, branch.document, context, recorded=recorded)
            problems += mistakes
            found.append((branch, space))
    read = [(branch, space) for branch, space in found if space is not None]
    space = None
    if read and not problems:
        space = _joined(one_ofs, read)
        if not (recorded and without_removed(yaml)[1]):  # the rules held for the old version
            problems = search_problems(space, yaml, recorded=recorded)
        settings = [alternative.settings for alternative in space.alternatives]
        problems += comparison_problems(files, settings, yaml)
    if problems or space is None:
        raise ConfigError(
            "\n".join(problem.render(document.name) for problem in sorted(set(problems)))
        )
    return space


def _joined(one_ofs: Sequence[OneOf], read: Sequence[tuple[Branch, Space]]) -> Space:
    """The space of a file from that of each combination of its bundles."""
    first = read[0][1]
    if not one_ofs:
        return first
    branches = Branches(tuple(one_ofs), tuple(read))
    return first.changed(axes=branches.axes(), idle_axes=branches.idle_axes(), branches=branches)


def _read(
    document: YamlDocument, yaml: YamlDocument, context: PathContext, *, recorded: bool
) -> tuple[Space | None, list[Problem]]:
    """A space without `one_of`, and the mistakes of its settings and axes.

    Args:
        document: The file.
        yaml: The file without extensions and `one_of`.
        context: What its paths are relative to.
        recorded: Whether it belongs to results.
    """
    yaml = with_axes_spelt_out(yaml)
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
    varied = bool(axes or problems or any_one_of(document.tree))
    broken = cross_rules(tree, yaml, objective, varied=varied)
    if problems or settings is None or objective is None:
        return None, [*problems, *broken]
    if removed:  # they held for the axes of the old version
        broken = []
    broken += [problem for problem in idle_problems(idle, yaml) if broken]
    paths = dict(changed_texts(tree, settings.model_dump(mode="json"), ()))
    for key, path in paths.items():
        put(tree, key, path)
    space = Space._of(
        name=document.name,
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
    return space, broken


def dump_settings(settings: Settings) -> str:
    """The settings as YAML text; `load_space` accepts it if the settings have one trial."""
    return write_yaml(settings.model_dump(mode="json", exclude_none=True))

"""Baselines from files: the schedule of a configuration, for example of `best.yaml`, by its name.

The entry of a file becomes a named schedule in the tree and in the text of the space. So a sweep
keeps the schedule that it began with, whatever happens to the file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from class_sweep.config.axes import Axis, AxisError, parse_axis
from class_sweep.config.axis_places import admitted, axes_in
from class_sweep.config.bundles import ONE_OF
from class_sweep.config.named_schedule import is_file, require_new_name
from class_sweep.config.paths import PathContext, absolute_path
from class_sweep.config.problems import Problem, dotted, problems_of
from class_sweep.config.renamed import removed_with_effect
from class_sweep.config.sections import SAMPLES, Settings
from class_sweep.config.settings_tree import validated
from class_sweep.config.yaml_text import Key, YamlDocument, read_text, read_yaml, with_values
from class_sweep.config.yaml_values import (
    require_plain_values,
    without_extensions,
    without_removed,
)
from class_sweep.errors import ConfigError

_CURRICULUM = "curriculum"
_COMPARABLE = (  # σ is a similarity under the encoders
    ("backbone", "name"),
    ("text_encoder", "kind"),
    ("text_encoder", "model"),
    ("molecule_encoder", "kind"),
    ("molecule_encoder", "model"),
)


@dataclass(frozen=True)
class BaselineFile:
    """A file among `search.baselines`.

    Attributes:
        key: The key of its entry.
        path: The file.
        settings: The settings of its configuration.
    """

    key: Key
    path: Path
    settings: Settings

    def schedule(self, axes: Mapping[str, Axis]) -> dict[str, Any]:
        """The named schedule as a file writes it.

        Args:
            axes: Dotted path to axis, of the axes outside the curriculum. One that holds the file's
                value has it; the others are left out.
        """
        tree = self.settings.model_dump(mode="json")
        given = self.settings.model_dump(mode="json", exclude_unset=True).get(_CURRICULUM, {})
        values = {path: _at(tree, path) for path in axes}
        own = {path: value for path, value in values.items() if value in axes[path]}
        return {"name": self.path.stem, **given} | ({"settings": own} if own else {})


def with_baseline_files(
    document: YamlDocument, context: PathContext
) -> tuple[YamlDocument, list[BaselineFile], list[Problem]]:
    """Replace the files among `search.baselines` by their schedules, in the tree and the text.

    Args:
        document: The space file.
        context: What its paths are relative to.

    Returns:
        The document, the files, and a problem for each file without a valid configuration.
    """
    search = document.tree.get("search")
    entries = search.get("baselines") if isinstance(search, dict) else None
    axes = _axes(document.tree)
    files, problems = list[BaselineFile](), list[Problem]()
    schedules = dict[Key, Any]()
    for number, entry in enumerate(entries if isinstance(entries, list) else ()):
        if not is_file(entry):
            continue
        key: Key = ("search", "baselines", number)
        try:
            file = _read(key, entry, context)
            files.append(file)
            schedules[key] = file.schedule(axes)
        except ConfigError as error:
            problems.append(Problem(document.line(key), dotted(key), str(error)))
            # In its place, so that the other mistakes of the space are found too.
            schedules[key] = {"name": _name_without(entry) or f"file-{number}"}
    if not schedules:
        return document, [], []
    text = with_values(document, schedules)
    return replace(document, text=text, tree=read_yaml(text, document.name).tree), files, problems


def comparison_problems(
    files: Sequence[BaselineFile], alternatives: Sequence[Settings], document: YamlDocument
) -> list[Problem]:
    """The files whose schedules were found for another backbone, other encoders or fewer samples.

    Args:
        files: The files.
        alternatives: The settings of the space, for each combination of its bundles.
        document: The space file, for line numbers.
    """
    return [
        Problem(document.line(file.key), dotted(file.key), rule)
        for file in files
        for rule in (
            *(_unlike(file, section, word, alternatives) for section, word in _COMPARABLE),
            _ends_early(file, alternatives),
        )
        if rule
    ]


def _unlike(
    file: BaselineFile, section: str, word: str, alternatives: Sequence[Settings]
) -> str | None:
    here = [getattr(getattr(settings, section), word, None) for settings in alternatives]
    there = getattr(getattr(file.settings, section), word, None)
    if there in here or there is None or here[0] is None:  # another kind has no model
        return None
    return (
        f"must have the {section}.{word} of this space, {here[0]}, got {there} in {file.path}; name"
        f" a configuration for {here[0]}, or write its schedule as {{name: …, alpha: …}}"
    )


def _ends_early(file: BaselineFile, alternatives: Sequence[Settings]) -> str | None:
    limit = file.settings.budget.samples
    here = alternatives[0].budget.samples
    if limit in {None, here}:
        return None
    return (
        f"must have the {SAMPLES} of this space, {here or 'none'}, got {limit} in {file.path}:"
        f" baselines train by the budget of the space; write samples: {limit} into its budget, or"
        " name a copy of the file without it"
    )


def _read(key: Key, entry: str, context: PathContext) -> BaselineFile:
    """The file that an entry names.

    Raises:
        ConfigError: With the rule, if it holds no valid configuration or has no schedule's name.
    """
    try:
        path = absolute_path(entry, context.folder)
    except PydanticCustomError as error:
        raise ConfigError(f"must be {error.message()}, got {entry}") from None
    try:
        settings = _settings(path)
    except ConfigError as error:
        first, *others = str(error).splitlines()
        more = f" (and {len(others)} more)" if others else ""
        raise ConfigError(f"must be a file with a valid configuration: {first}{more}") from None
    try:
        require_new_name(path.stem)
    except PydanticCustomError as error:
        raise ConfigError(
            f"must be a file whose name without .yaml is {error.message()}, got {path.name}; copy"
            " it to such a name"
        ) from None
    return BaselineFile(key, path, settings)


def _settings(path: Path) -> Settings:
    """The settings of a configuration file.

    Raises:
        ConfigError: If it cannot be read or holds no valid configuration, a line for each mistake.
    """
    document = read_yaml(read_text(path), str(path))
    require_plain_values(document)
    document, removed = without_removed(without_extensions(document))
    if broken := removed_with_effect(removed):
        raise ConfigError(f"{path}: must have settings of this version, got {min(broken)}")
    varied = [axis for word, tree in document.tree.items() for axis in axes_in(tree, (word,))]
    bundled = ONE_OF in document.tree or any(
        isinstance(section, dict) and ONE_OF in section for section in document.tree.values()
    )
    if varied or bundled:
        where = dotted(varied[0][0]) if varied else ONE_OF
        remedy = "take best.yaml of a sweep, or `class-sweep export`"
        raise ConfigError(f"{path}: must have no axes, got {where}; {remedy}")
    # A schedule is not of its search, which may name further files.
    tree = document.tree | {"search": {"trials": 1}}
    try:
        return validated(tree, PathContext(path.parent))
    except ValidationError as error:
        problems = problems_of(error, replace(document, tree=tree), Settings)
        raise ConfigError("\n".join(p.render(str(path)) for p in sorted(problems))) from None


def _name_without(entry: str) -> str | None:
    """The name of a schedule by the text of its path alone; None if it is no such name."""
    try:
        return require_new_name(Path(entry).stem)
    except PydanticCustomError:
        return None


def _axes(tree: Mapping[str, Any]) -> dict[str, Axis]:
    """The valid axes of a space outside its curriculum and its bundles."""
    axes = dict[str, Axis]()
    sections = (word for word in tree if word != _CURRICULUM)
    for key, raw in (axis for word in sections for axis in axes_in(tree[word], (word,))):
        if ONE_OF in key:
            continue
        try:
            axes[dotted(key)] = admitted(key, parse_axis(raw))
        except AxisError:  # a mistake of the space, which is reported with its others
            continue
    return axes


def _at(tree: Any, path: str) -> Any:
    for word in path.split("."):
        tree = tree.get(word) if isinstance(tree, Mapping) else None
    return tree

"""A space file to `Space`: settings, axes, and every mistake at once."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from class_sweep.config.axes import (
    Axis,
    AxisError,
    LogUniform,
    Uniform,
    Value,
    looks_like_axis,
    parse_axis,
)
from class_sweep.config.objective import Objective, parse_objective
from class_sweep.config.problems import Problem, dotted, problems_of
from class_sweep.config.sections import Settings
from class_sweep.config.source import Key, Source, read_yaml
from class_sweep.errors import ConfigError

AXIS_SECTIONS = ("curriculum", "optimizer", "backbone")
SIGMA = "curriculum.sigma"
SIGMA_STEP = 0.001  # the index counts at grid points, so a σ axis always has a grid


@dataclass(frozen=True)
class Space:
    """A search space: the settings every trial shares, and the axes on which trials differ.

    Attributes:
        name: The file's name, for messages.
        text: The file as read.
        tree: The settings as plain values, each axis at its centre.
        axes: Dotted path to axis, in the file's order.
        settings: `tree`, typed.
        objective: What the sweep optimises.
    """

    name: str
    text: str
    tree: dict[str, Any]
    axes: dict[str, Axis]
    settings: Settings
    objective: Objective

    def resolve(self, values: Mapping[str, Value]) -> Settings:
        """The settings with `values` (dotted path to value) put in.

        Raises:
            ConfigError: If a value breaks the rule of its setting.
        """
        tree = copy.deepcopy(self.tree)
        for path, value in values.items():
            _put(tree, tuple(path.split(".")), value)
        try:
            return _validated(tree)
        except ValidationError as error:
            found = problems_of(error, Source(self.name, self.text, tree, {}), Settings)
            raise ConfigError("\n".join(problem.render(self.name) for problem in found)) from None

    def sigmas(self) -> list[float]:
        """Every σ that a trial of this space may ask for, ascending; the grid of the axis."""
        axis = self.axes.get(SIGMA)
        values = axis.values() if axis else [self.settings.curriculum.sigma]
        return sorted(float(value) for value in values or ())

    def centre(self) -> dict[str, Value]:
        """The middle of every axis; the first option of a choice."""
        return {path: axis.centre() for path, axis in self.axes.items()}


def load_space(path: Path) -> Space:
    """Read a space file.

    Raises:
        ConfigError: With every mistake of the file, a line each: place, rule, value.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"not UTF-8: {error}"
        raise ConfigError(f"{path}: must be a readable space file: {reason}") from None
    return parse_space(text, str(path))


def parse_space(text: str, name: str = "space") -> Space:
    """Read a space from YAML text; see `load_space`."""
    source = read_yaml(text, name)
    tree = copy.deepcopy(source.tree)
    axes: dict[str, Axis] = {}
    problems: list[Problem] = []
    bad: set[str] = set()
    for key, raw in _axes_in(source.tree, ()):
        path = dotted(key)
        try:
            axes[path] = _admitted(key, parse_axis(raw))
            _put(tree, key, axes[path].centre())
        except AxisError as error:
            problems.append(Problem(source.line(key), path, str(error)))
            bad.add(path)
    problems += _wrong_settings(replace(source, tree=tree), axes, bad)
    objective = _objective(tree, source, problems)
    if not problems:
        settings = _validated(tree)
        problems += _cross_rules(settings, axes, source)
    if problems or objective is None:
        raise ConfigError("\n".join(problem.render(name) for problem in sorted(set(problems))))
    return Space(name, text, tree, axes, settings, objective)


def dump_settings(settings: Settings) -> str:
    """The settings as a YAML file that `load_space` accepts."""
    tree = settings.model_dump(mode="json", exclude_none=True)
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)


def _validated(tree: dict[str, Any]) -> Settings:
    # Through JSON: strict mode then takes lists and paths as a file writes them, and nothing else.
    return Settings.model_validate_json(json.dumps(tree, default=str))


def _axes_in(tree: Any, key: Key) -> list[tuple[Key, Any]]:
    if looks_like_axis(tree):
        return [(key, tree)]
    if isinstance(tree, dict):
        return [found for word, below in tree.items() for found in _axes_in(below, (*key, word))]
    return []


def _admitted(key: Key, axis: Axis) -> Axis:
    """Check that an axis may stand at `key`; give σ the grid that the index counts on."""
    if len(key) != 2 or key[0] not in AXIS_SECTIONS:
        raise AxisError(f"must be a plain value: axes stand in {', '.join(AXIS_SECTIONS)}")
    if dotted(key) == "backbone.name":
        raise AxisError("must be one backbone: sweep each in a file of its own and compare them")
    if dotted(key) == SIGMA:
        if isinstance(axis, LogUniform):
            raise AxisError("must be uniform or choice, got loguniform")
        if isinstance(axis, Uniform) and axis.step is None:
            return replace(axis, step=min(SIGMA_STEP, axis.high - axis.low))
    return axis


def _wrong_settings(source: Source, axes: Mapping[str, Axis], bad: set[str]) -> list[Problem]:
    """Validate with every axis at its centre, then at each of its ends in turn."""
    problems = []
    for path, value in [("", None), *((p, end) for p, axis in axes.items() for end in axis.ends())]:
        tree = copy.deepcopy(source.tree)
        if path:
            _put(tree, tuple(path.split(".")), value)
        try:
            _validated(tree)
        except ValidationError as error:
            found = problems_of(error, replace(source, tree=tree), Settings)
            mine = [p for p in found if (p.path == path if path else p.path not in axes)]
            problems += [p for p in mine if p.path not in bad]
    return problems


def _objective(tree: dict[str, Any], source: Source, problems: list[Problem]) -> Objective | None:
    text = tree.get("objective", Settings.model_fields["objective"].default)
    try:
        return parse_objective(text) if isinstance(text, str) else None
    except ValueError as error:
        problems.append(Problem(source.line(("objective",)), "objective", str(error)))
        return None


def _cross_rules(settings: Settings, axes: Mapping[str, Axis], source: Source) -> list[Problem]:
    """The rules that hold between settings."""
    problems = []

    def problem(path: str, message: str) -> None:
        problems.append(Problem(source.line(tuple(path.split("."))), path, message))

    if not axes and settings.search.trials > max(1, len(settings.search.first)):
        problem(
            "search.trials",
            f"must be 1 where nothing is an axis, got {settings.search.trials}",
        )
    if settings.pruning.kind == "asha" and settings.pruning.grace_epochs > settings.budget.epochs:
        problem(
            "pruning.grace_epochs",
            f"must be at most budget.epochs ({settings.budget.epochs}) for a rung to exist,"
            f" got {settings.pruning.grace_epochs:g}",
        )
    if len(set(settings.search.first)) < len(settings.search.first):
        problem("search.first", f"must name each schedule once, got {settings.search.first}")
    if len(settings.search.first) > settings.search.trials:
        problem(
            "search.first",
            f"must fit into search.trials ({settings.search.trials}),"
            f" got {len(settings.search.first)} schedules",
        )
    return problems


def _put(tree: dict[str, Any], key: Key, value: Any) -> None:
    for part in key[:-1]:
        tree = tree.setdefault(str(part), {})
    tree[str(key[-1])] = value

"""A space file to `Space`: settings, axes, and every mistake at once."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from class_sweep.config.axes import (
    Axis,
    AxisError,
    Choice,
    LogUniform,
    Uniform,
    Value,
    grid_size,
    looks_like_axis,
    parse_axis,
)
from class_sweep.config.objective import Objective, parse_objective
from class_sweep.config.problems import Problem, dotted, problems_of
from class_sweep.config.pruning import Pruning
from class_sweep.config.sections import Budget, Search, Settings
from class_sweep.config.source import Key, Source, read_yaml, write_yaml
from class_sweep.errors import ConfigError

AXIS_SECTIONS = ("curriculum", "optimizer", "backbone")
AnySection = TypeVar("AnySection")
_BUDGET, _SEARCH = TypeAdapter(Budget), TypeAdapter(Search)
_PRUNING: TypeAdapter[Pruning] = TypeAdapter(Pruning)
SIGMA = "curriculum.sigma"
SIGMA_QUANTILE = "curriculum.sigma_quantile"
TEXT_WEIGHT = "curriculum.text_weight"
INDEX_STEPS = {SIGMA: 0.001, SIGMA_QUANTILE: 0.01, TEXT_WEIGHT: 0.1}
"""The grid of an axis that names none: what is indexed once for all trials has finitely many."""


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
        if SIGMA in values:  # a σ given outright stands instead of a quantile
            tree.get("curriculum", {}).pop("sigma_quantile", None)
        for path, value in values.items():
            _put(tree, tuple(path.split(".")), value)
        try:
            return _validated(tree)
        except ValidationError as error:
            found = problems_of(error, Source(self.name, self.text, tree, {}), Settings)
            raise ConfigError("\n".join(problem.render(self.name) for problem in found)) from None

    def sigmas(self) -> list[float]:
        """Every σ that a trial may ask for, ascending; none where σ is given as a quantile."""
        return [] if self.sigma_quantiles() else self._grid(SIGMA)

    def sigma_quantiles(self) -> list[float]:
        """Every quantile of nearest-neighbour similarity that a trial's σ may stand at."""
        return self._grid(SIGMA_QUANTILE)

    def grid(self, path: str) -> list[Any]:
        """Every value that a setting may take: those of its axis, which has a grid, or its own."""
        axis = self.axes.get(path)
        if axis:
            return list(axis.values() or ())
        section, _, name = path.partition(".")
        return [getattr(getattr(self.settings, section), name)]

    def grid_size(self) -> int | None:
        """How many configurations the axes have together; None where one is continuous."""
        return grid_size(self.axes)

    def _grid(self, path: str) -> list[float]:
        return sorted(float(value) for value in self.grid(path) if value is not None)

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
    source = _quantile_spelt_out(read_yaml(text, name))
    tree = copy.deepcopy(source.tree)
    axes: dict[str, Axis] = {}
    problems: list[Problem] = []
    bad: set[str] = set()
    for key, raw in (found for word in tree for found in _axes_in(source.tree[word], (word,))):
        path = dotted(key)
        try:
            axis = parse_axis(raw)
            _put(tree, key, axis.centre())  # the rest is checked even where no axis may stand here
            axes[path] = _admitted(key, axis)
            _put(tree, key, axes[path].centre())
        except AxisError as error:
            problems.append(Problem(source.line(key), path, str(error)))
            bad.add(path)
    problems += _wrong_settings(replace(source, tree=tree), axes, bad)
    objective = _objective(tree, source, problems)
    problems += _cross_rules(tree, source, varied=bool(axes or problems))
    problems += _sampler_rules(tree, source, axes)
    if problems or objective is None:
        raise ConfigError("\n".join(problem.render(name) for problem in sorted(set(problems))))
    return Space(name, text, tree, axes, _validated(tree), objective)


def dump_settings(settings: Settings) -> str:
    """The settings as a YAML file that `load_space` accepts, if they ask for a trial alone."""
    tree = settings.model_dump(mode="json", exclude_none=True)
    if settings.curriculum.sigma_quantile is not None:
        del tree["curriculum"]["sigma"]  # the default of what the quantile stands in for
    return write_yaml(tree)


def _quantile_spelt_out(source: Source) -> Source:
    """`sigma: {quantile: …}` as the setting `sigma_quantile` that it is short for."""
    curriculum = source.tree.get("curriculum")
    if not isinstance(curriculum, dict):
        return source
    sigma = curriculum.get("sigma")
    if not (isinstance(sigma, dict) and "quantile" in sigma):
        return source
    line = source.line(("curriculum", "sigma"))
    if "sigma_quantile" in curriculum:
        raise ConfigError(
            f"{source.name}:{line}: {SIGMA_QUANTILE}: must be given once, got it twice"
        )
    allowed = {"quantile", "step"} if isinstance(sigma["quantile"], list) else {"quantile"}
    if other := [str(word) for word in sigma if word not in allowed]:
        raise ConfigError(
            f"{source.name}:{line}: {SIGMA}: must be a quantile, with a step where it is a range,"
            f" got {', '.join(other)} as well"
        )
    meant: Any = sigma["quantile"]
    if isinstance(meant, list):
        meant = {"uniform": meant} | {word: v for word, v in sigma.items() if word != "quantile"}
    spelt = {("sigma_quantile" if k == "sigma" else k): v for k, v in curriculum.items()}
    tree = source.tree | {"curriculum": spelt | {"sigma_quantile": meant}}
    return replace(source, tree=tree, lines=source.lines | {("curriculum", "sigma_quantile"): line})


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
    of_a_part = len(key) == 3 and key[:2] == ("curriculum", "intensity")
    if not of_a_part and (len(key) != 2 or key[0] not in AXIS_SECTIONS):
        raise AxisError(
            "must be a plain value, got an axis;"
            f" axes stand for settings of {', '.join(AXIS_SECTIONS)}"
        )
    if dotted(key) == "backbone.name":
        raise AxisError("must be one backbone: sweep each in a file of its own and compare them")
    if dotted(key) in INDEX_STEPS:
        if isinstance(axis, LogUniform):
            raise AxisError("must be uniform or choice, got loguniform")
        if isinstance(axis, Uniform) and axis.step is None:
            return replace(axis, step=min(INDEX_STEPS[dotted(key)], axis.high - axis.low))
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
            mine = [p for p in found if (_within(path, p.path) if path else p.path not in axes)]
            problems += [p for p in mine if not any(f"{p.path}.".startswith(f"{b}.") for b in bad)]
    return problems


def _within(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}.")


def _objective(tree: dict[str, Any], source: Source, problems: list[Problem]) -> Objective | None:
    text = tree.get("objective", Settings.model_fields["objective"].default)
    try:
        return parse_objective(text) if isinstance(text, str) else None
    except ValueError as error:
        problems.append(Problem(source.line(("objective",)), "objective", str(error)))
        return None


def _section(model: TypeAdapter[AnySection], tree: Any) -> AnySection | None:
    try:
        return model.validate_json(json.dumps(tree, default=str))
    except ValidationError:
        return None


def _cross_rules(tree: Mapping[str, Any], source: Source, *, varied: bool) -> list[Problem]:
    """The rules that hold between settings, as far as the sections are valid in themselves.

    Args:
        tree: The settings as plain values.
        source: Where they stand.
        varied: Whether something is, or was meant to be, an axis.
    """
    budget = _section(_BUDGET, tree.get("budget"))
    search = _section(_SEARCH, tree.get("search"))
    pruning = _section(_PRUNING, tree.get("pruning", {}))
    problems = []

    def problem(path: str, message: str) -> None:
        problems.append(Problem(source.line(tuple(path.split("."))), path, message))

    grace = None if pruning is None or pruning.kind == "none" else pruning.grace_epochs
    if budget and isinstance(grace, int | float) and grace > budget.epochs:
        problem(
            "pruning.grace_epochs",
            f"must be at most budget.epochs ({budget.epochs}) for a rung to exist, got {grace:g}",
        )
    if pruning and search and search.record and pruning.kind != "none":
        problem("pruning.kind", f"must be none where search.record is set, got {pruning.kind}")
    curriculum = tree.get("curriculum", {})
    if isinstance(curriculum, dict) and {"sigma", "sigma_quantile"} <= curriculum.keys():
        problem(SIGMA_QUANTILE, "must stand instead of sigma, got both")
    if search and not varied and search.trials > len(search.baselines) + 1:
        problem(
            "search.trials",
            f"must be at most {len(search.baselines) + 1} (search.baselines and this schedule)"
            f" where nothing is an axis, got {search.trials}",
        )
    if search and len(set(search.baselines)) < len(search.baselines):
        problem("search.baselines", f"must name each schedule once, got {search.baselines}")
    elif search and len(search.baselines) > search.trials:
        problem(
            "search.baselines",
            f"must fit into search.trials ({search.trials}), got {len(search.baselines)} schedules",
        )
    return problems


def _sampler_rules(
    tree: Mapping[str, Any], source: Source, axes: Mapping[str, Axis]
) -> list[Problem]:
    """What `grid` and `cmaes` ask of the axes."""
    search = _section(_SEARCH, tree.get("search"))
    if search is None or not axes:
        return []
    line = source.line(("search", "sampler"))
    if search.sampler == "cmaes":
        numbers = [path for path, axis in axes.items() if not isinstance(axis, Choice)]
        rule = f"cmaes must have two or more axes of numbers, got {len(numbers)}"
        return [Problem(line, "search.sampler", rule)] if len(numbers) < 2 else []
    if search.sampler != "grid":
        return []
    endless = [
        Problem(
            source.line(tuple(path.split("."))),
            path,
            f"must be a choice, or a range with a step, for the sampler grid, got {axis}",
        )
        for path, axis in axes.items()
        if axis.values() is None
    ]
    most = (grid_size(axes) or 0) + len(search.baselines)
    if not endless and search.trials > most:
        rule = f"must be at most {most} (the grid and search.baselines), got {search.trials}"
        return [Problem(source.line(("search", "trials")), "search.trials", rule)]
    return endless


def _put(tree: dict[str, Any], key: Key, value: Any) -> None:
    for part in key[:-1]:
        tree = tree.setdefault(str(part), {})
    tree[str(key[-1])] = value

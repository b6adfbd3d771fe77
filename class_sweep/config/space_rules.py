"""The rules between settings, and between the axes and the sampler, of a space file."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from class_sweep.config.axes import Axis, Choice
from class_sweep.config.components import SAMPLERS
from class_sweep.config.conditions import Conditions
from class_sweep.config.confirm import Confirm
from class_sweep.config.controls import CONTROLS
from class_sweep.config.full_data import full_data_axes, full_data_rules
from class_sweep.config.grid import MAX_CELLS, combinations
from class_sweep.config.named_schedule import NamedSchedule
from class_sweep.config.objective import Objective, margin_problem
from class_sweep.config.problems import Problem, dotted, unknown_name
from class_sweep.config.pruning import PruningSettings, RungPruning
from class_sweep.config.search_groups import share_rules
from class_sweep.config.sections import Budget, Search, Settings
from class_sweep.config.space_axes import SpaceAxes
from class_sweep.config.tree_checks import idle_problems
from class_sweep.config.yaml_text import YamlDocument

AnySection = TypeVar("AnySection")
_BUDGET, _SEARCH, _CONFIRM = TypeAdapter(Budget), TypeAdapter(Search), TypeAdapter(Confirm)
_PRUNING = TypeAdapter(PruningSettings)


def _section(model: TypeAdapter[AnySection], tree: Any) -> AnySection | None:
    try:
        return model.validate_json(json.dumps(tree, default=str))
    except ValidationError:
        return None


def cross_rules(
    tree: Mapping[str, Any], yaml: YamlDocument, objective: Objective | None, *, varied: bool
) -> list[Problem]:
    """The rules between settings, for the sections that are valid themselves.

    Args:
        tree: The settings as plain values.
        yaml: The file, for line numbers.
        objective: The objective; None if it is invalid.
        varied: Whether the file has an axis, or a mistake that may be a mistyped axis.
    """
    budget = _section(_BUDGET, tree.get("budget"))
    search = _section(_SEARCH, tree.get("search"))
    pruning = _section(_PRUNING, tree.get("pruning", {}))
    problems = []

    def problem(path: str, message: str) -> None:
        problems.append(Problem(yaml.line(tuple(path.split("."))), path, message))

    grace = pruning.grace_epochs if isinstance(pruning, RungPruning) else None
    if budget and isinstance(grace, int | float) and grace > budget.epochs:
        problem(
            "pruning.grace_epochs",
            f"must be at most budget.epochs ({budget.epochs}) for a rung to exist, got {grace:g}",
        )
    if pruning and search and search.record and pruning.kind != "none":
        problem("pruning.kind", f"must be none where search.record is set, got {pruning.kind}")
    if search and search.record and search.hours is not None:
        problem("search.hours", f"must be absent where search.record is set, got {search.hours:g}")
    if search and not varied and search.trials > len(search.baselines) + 1:
        problem(
            "search.trials",
            f"must be at most {len(search.baselines) + 1} (search.baselines and this schedule)"
            f" without an axis, got {search.trials}",
        )
    names = search.baseline_names if search else []
    if len(set(names)) < len(names):
        problem("search.baselines", f"must name each schedule once, got {names}")
    elif search and len(search.baselines) > search.trials:
        problem(
            "search.baselines",
            f"must fit into search.trials ({search.trials}), got {len(search.baselines)} schedules",
        )
    confirm = _section(_CONFIRM, tree.get("confirm", {}))
    if search and confirm:
        known = [*CONTROLS, *search.named_schedules]
        for number, name in enumerate(confirm.controls):
            if name not in known:
                problem(f"confirm.controls.{number}", unknown_name(name, known))
    if confirm and confirm.margin is not None and objective:
        broken = margin_problem(objective.metric, confirm.margin)
        if broken:
            problem("confirm.margin", broken)
    return problems


def sampler_rules(search: Search, yaml: YamlDocument, axes: Mapping[str, Axis]) -> list[Problem]:
    """The rules of the sampler for the axes."""
    if not axes:
        return []
    line = yaml.line(("search", "sampler"))
    accepted = SAMPLERS[search.sampler].axes
    if accepted == "numeric":
        numbers = [path for path, axis in axes.items() if not isinstance(axis, Choice)]
        rule = f"{search.sampler} must have two or more axes of numbers, got {len(numbers)}"
        return [Problem(line, "search.sampler", rule)] if len(numbers) < 2 else []
    if accepted != "finite":
        return []
    return [
        Problem(
            yaml.line(tuple(path.split("."))),
            path,
            f"must be a choice, or a range with a step, for the sampler {search.sampler},"
            f" got {axis}",
        )
        for path, axis in axes.items()
        if axis.values() is None
    ]


def _warm_start_rules(search: Search, yaml: YamlDocument) -> list[Problem]:
    """What a warm start cannot be combined with."""
    reasons = {
        "search.sampler is grid, which tries its points in an order of its own": (
            SAMPLERS[search.sampler].axes == "finite"
        ),
        "search.shares is set, where each proposal is fitted to a share": bool(search.shares),
        "search.record is set, where every configuration counts alike": search.record is not None,
    }
    place = yaml.line(("search", "warm_start")), "search.warm_start"
    return [
        Problem(*place, f"must be absent where {reason}")
        for reason, broken in reasons.items()
        if broken and search.warm_start
    ]


def trial_rules(
    settings: Settings, yaml: YamlDocument, axes: Mapping[str, Axis], own: int, size: int | None
) -> list[Problem]:
    """The rules of the number of trials, for settings that are valid otherwise.

    Args:
        settings: The settings.
        yaml: The file, for line numbers.
        axes: The axes.
        own: The number of full data's own trials.
        size: The number of configurations of full data's axes; None if there are any number.
    """
    shares = yaml.line(("search", "shares")), "search.shares"
    place = yaml.line(("search", "full_data_trials")), "search.full_data_trials"
    return [
        *(Problem(*place, rule) for rule in full_data_rules(settings, axes, size)),
        *(Problem(*shares, rule) for rule in share_rules(settings, axes, own)),
        *_warm_start_rules(settings.search, yaml),
    ]


def grid_rules(
    search: Search, yaml: YamlDocument, conditions: Conditions, own: int, size: int | None
) -> list[Problem]:
    """The rules of a sampler that proposes each configuration once, for finite axes.

    Args:
        search: The settings of the search.
        yaml: The file, for line numbers.
        conditions: The conditional axes.
        own: The number of full data's own trials.
        size: The number of configurations; None if they are not counted.
    """
    if size is None:
        axes = ", ".join(path for path in conditions.order if path in conditions.deciding)
        rule = (
            f"{search.sampler} must have at most {MAX_CELLS:,} combinations of the axes that decide"
            f" whether others have an effect ({axes}), got more; use fewer values, or tpe"
        )
        return [Problem(yaml.line(("search", "sampler")), "search.sampler", rule)]
    most = size + len(search.baselines) + own
    if search.trials <= most:
        return []
    parts = (
        "the grid, search.baselines and full data's own trials"
        if own
        else "the grid and search.baselines"
    )
    rule = f"must be at most {most} ({parts}), got {search.trials}"
    return [Problem(yaml.line(("search", "trials")), "search.trials", rule)]


def search_problems(space: SpaceAxes, yaml: YamlDocument, *, recorded: bool) -> list[Problem]:
    """The mistakes of the number of trials and of the sampler for all axes of a space."""
    settings, axes, own = space.settings, space.axes, space.full_data_trials
    problems = sampler_rules(settings.search, yaml, axes)
    problems += trial_rules(settings, yaml, axes, own, space.full_data_size)
    if space.branches is not None and settings.search.shares:
        rule = "must be absent beside one_of: run the sweep of each bundle by itself"
        problems.append(Problem(yaml.line(("search", "shares")), "search.shares", rule))
    finite = all(axis.values() is not None for axis in axes.values())
    if SAMPLERS[settings.search.sampler].axes == "finite" and axes and finite:
        # Earlier versions counted a configuration once for each value of an axis without effect.
        size = combinations(axes) if recorded else space.grid_size()
        problems += grid_rules(settings.search, yaml, space.conditions, own, size)
    problems += _schedule_rules(space, yaml)
    return problems + [problem for problem in idle_problems(space.idle_axes, yaml) if problems]


def _schedule_rules(space: SpaceAxes, yaml: YamlDocument) -> Iterator[Problem]:
    """The rules of what named schedules set outside the curriculum."""
    axes = full_data_axes(space.axes)
    for number, schedule in enumerate(space.settings.search.baselines):
        given = schedule.settings if isinstance(schedule, NamedSchedule) else {}
        for path, value in given.items():
            axis = axes.get(path)
            if path in space.idle_axes or (axis and value in axis):
                continue
            place = ("search", "baselines", number, "settings", path)
            rule = f"must be a value of the axis, {axis}, got {value}"
            if axis is None:
                rule = "must be an axis of this space outside the curriculum; leave it out"
            yield Problem(yaml.line(place), dotted(place), rule)

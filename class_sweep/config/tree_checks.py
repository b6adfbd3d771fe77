"""The checks of the settings of a space file with the values of its axes put in."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from class_sweep.config.axes import Axis, Value
from class_sweep.config.idle import IdleFinder
from class_sweep.config.paths import PathContext
from class_sweep.config.problems import Problem, problems_of
from class_sweep.config.sections import Settings
from class_sweep.config.settings_tree import put, validated
from class_sweep.config.yaml_text import YamlDocument


def wrong_settings(
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


def idle_axes(
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


def idle_problems(idle: Mapping[str, str], yaml: YamlDocument) -> list[Problem]:
    """The axes that act in no trial, as mistakes: they may be the reason of others."""
    return [
        Problem(yaml.line(tuple(path.split("."))), path, f"must have an effect: {reason}")
        for path, reason in idle.items()
    ]

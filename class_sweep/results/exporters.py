"""The axes and the best trials of a sweep in the formats of Ray Tune, Optuna and Hydra."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pprint import pformat
from typing import Any

from class_sweep.config.axes import Axis, Choice, IntRange, LogUniform, Uniform, Value
from class_sweep.config.document import Space
from class_sweep.config.sections import SAMPLES
from class_sweep.config.settings_changes import lists_spread
from class_sweep.config.yaml_text import write_yaml, yaml_comment
from class_sweep.results.record import Record

_EXPORTED = ("backbone", "curriculum", "optimizer", "budget")  # sections that another loop can use


def on_axes(space: Space, records: Sequence[Record]) -> list[Record]:
    """The trials whose values are all on the axes, as a search requires.

    A baseline may not be, and a trial that ended at its share is not: its limit is no axis.
    """
    whole = [record for record in records if SAMPLES not in record.config]
    return [record for record in whole if space.on_axes(record.config) is not None]


def of_best_bundles(space: Space, records: Sequence[Record]) -> tuple[Space, list[Record], str]:
    """The space of the bundles of the first trial: the other tools have no form for bundles.

    Args:
        space: The search space.
        records: Finished trials, the best first.

    Returns:
        An ordinary space, the trials that have these bundles, with values for its axes, and the
        bundles as text; a space without `one_of` as it is, with all trials and no text.
    """
    if space.branches is None or not records:
        return space, list(records), ""
    branch, within, _ = space.branches.chosen(records[0].config)
    chosen = [(record, *space.branches.chosen(record.config)) for record in records]
    kept = [replace(record, config=values) for record, of, _, values in chosen if of is branch]
    return within, kept, ", ".join(f"{path}: {label}" for path, label in branch.labels.items())


def as_ray(space: Space, records: Sequence[Record], note: str) -> str:
    """A Python module with the search space for `ray.tune` and the trials to evaluate first."""
    axes = {path: _ray(axis) for path, axis in space.axes.items()}
    return _module(note, "from ray import tune", "param_space", axes, space, records)


def as_optuna(space: Space, records: Sequence[Record], note: str) -> str:
    """A Python module with distributions for `study.ask` and trials for `study.enqueue_trial`."""
    axes = {path: _optuna(axis) for path, axis in space.axes.items()}
    imports = (
        "from optuna.distributions import CategoricalDistribution, FloatDistribution,"
        " IntDistribution"
    )
    return _module(note, imports, "distributions", axes, space, records)


def as_hydra(space: Space, record: Record, note: str) -> str:
    """A YAML configuration of one trial, with the axes in the syntax of Hydra's sweeper."""
    tree = space.resolve(record.config).model_dump(mode="json", exclude_none=True)
    exported: dict[str, Any] = {section: tree[section] for section in _EXPORTED}
    exported["hydra"] = {"sweeper": {"params": {p: _hydra(axis) for p, axis in space.axes.items()}}}
    comments = "".join(map(yaml_comment, [note, *_conditions(space)]))
    return f"# @package _global_\n{comments}{write_yaml(exported)}"


def _module(
    note: str,
    imports: str,
    name: str,
    axes: Mapping[str, str],
    space: Space,
    records: Sequence[Record],
) -> str:
    points = [
        {path: record.config.get(path, axis.centre()) for path, axis in space.axes.items()}
        for record in records
    ]
    lines = "\n".join(f"    {path!r}: {text}," for path, text in axes.items())
    conditions = "".join(f"# {line}\n" for line in _conditions(space))
    return (
        f"{note!r}\n\n{imports}\n\n{conditions}{name} = {{\n{lines}\n}}\n\n"
        f"# The best finished trials, the best first.\npoints_to_evaluate = {_python(points)}\n\n"
        f"# The settings that all trials share.\nfixed = {_python(_fixed(space))}\n"
    )


def _conditions(space: Space) -> list[str]:
    """What the other tool cannot know: where an axis has no effect, and any value is as good."""
    return [f"{path} has an effect unless {why}." for path, why in space.conditions.reasons.items()]


def _python(value: object) -> str:
    return pformat(value, width=100, sort_dicts=False)


def _fixed(space: Space) -> dict[str, Any]:
    tree = space.settings.model_dump(mode="json", exclude_none=True)
    flat = {f"{section}.{key}": v for section in _EXPORTED for key, v in tree[section].items()}
    return {
        path: value
        for path, value in lists_spread(flat, space.axes).items()
        if not any(axis == path or axis.startswith(f"{path}.") for axis in space.axes)
    }


def _ray(axis: Axis) -> str:
    if isinstance(axis, LogUniform):
        return f"tune.loguniform({axis.low!r}, {axis.high!r})"
    if isinstance(axis, IntRange):
        return f"tune.choice({axis.values()!r})"
    values = axis.values()
    if values is None:
        low, high = axis.ends()
        return f"tune.uniform({low!r}, {high!r})"
    # Tune's grids start at a multiple of their step; a grid of a space may start anywhere.
    if isinstance(axis, Uniform) and axis.step:
        steps = axis.low / axis.step
        if math.isclose(steps, round(steps), abs_tol=1e-9):
            low, high = axis.ends()
            return f"tune.quniform({low!r}, {high!r}, {axis.step!r})"
    return f"tune.choice({_listed(values)})"


def _optuna(axis: Axis) -> str:
    if isinstance(axis, Choice):
        return f"CategoricalDistribution({_listed(axis.options)})"
    low, high = axis.ends()
    if isinstance(axis, LogUniform):
        return f"FloatDistribution({low!r}, {high!r}, log=True)"
    if isinstance(axis, IntRange):
        return f"IntDistribution({low!r}, {high!r}, step={axis.step})"
    return f"FloatDistribution({low!r}, {high!r}, step={axis.step!r})"


def _hydra(axis: Axis) -> str:
    if isinstance(axis, Choice):
        return f"choice({', '.join(map(_word, axis.options))})"
    low, high = axis.ends()
    if isinstance(axis, LogUniform):
        return f"tag(log, interval({low!r}, {high!r}))"
    values = axis.values()
    if values is None:
        return f"interval({low!r}, {high!r})"
    if isinstance(axis, IntRange):
        return f"range({low!r}, {axis.high + 1!r}, {axis.step!r})"
    if isinstance(axis, Uniform) and axis.step:
        end = round(
            values[-1] + axis.step / 2, 10
        )  # beyond the last value, which a range leaves out
        return f"range({low!r}, {end!r}, {axis.step!r})"
    return f"choice({', '.join(map(_word, values))})"


def _word(value: Value) -> str:
    """A value in Hydra's grammar; text with another sign than those of a name is quoted."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str) or re.fullmatch(r"[A-Za-z_][\w.-]*", value, re.ASCII):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _listed(values: Iterable[Value]) -> str:
    return repr(list(values))

"""Each axis against the objective, and whether the best trial stands at the edge of one."""

import math
from collections.abc import Sequence
from typing import Any

from class_sweep.config.axes import Axis, Choice, LogUniform, Value
from class_sweep.errors import ConfigError
from class_sweep.report.blocks import Block, Chapter, Plot, Plots, Text
from class_sweep.report.plots import FOURTH, OURS, THEIRS, Figure, dots, figure
from class_sweep.report.sweep_facts import SweepFacts
from class_sweep.results import formatting
from class_sweep.results.record import Record

EDGE = 0.05  # of an axis' length: a best trial nearer to its end may have wanted to go beyond
_GOLDEN = 0.6180339887  # its multiples spread evenly, so that marks of one choice lie apart


def axes(sweep: SweepFacts) -> Chapter:
    """A plot for each axis, and a warning for each edge."""
    reported = [(s, r) for s, r in sweep.ended if r.objective is not None]
    if not sweep.axes:
        said = "This space has no axes: all of its trials have the same settings."
        return Chapter("axes", "Axes", [Text(said)])
    if not reported:
        return Chapter("axes", "Axes", [Text("No trial has reported a value yet.")])
    warnings = [Text(line, "warning") for line in at_edges(sweep)]
    plots = [
        Plot(f"axis-{i}", path, _says(axis), _axis(sweep, path, axis, reported))
        for i, (path, axis) in enumerate(sweep.axes.items())
    ]
    intro = (
        "Circles are finished trials. Crosses are pruned ones, at the value that they had reached"
        " when they were stopped, after fewer samples: compare circles with circles."
    )
    blocks: list[Block] = [*warnings, Text(intro), Plots(plots)]
    return Chapter("axes", "Axes", blocks)


def at_edges(sweep: SweepFacts) -> list[str]:
    """A sentence for each axis at whose edge the best trial stands.

    An edge that is the bound of the setting itself, such as α = 1, is no reason to search beyond.
    """
    best = next((r for r in sweep.ranked if not r.name), None)
    found = []
    for path, axis in sweep.axes.items():
        if best is None or isinstance(axis, Choice) or path not in best.config:
            continue
        there = place(axis, best.config[path])
        side = "lower" if there <= EDGE else "upper" if there >= 1 - EDGE else None
        if side and _beyond(sweep, best, path, axis, side):
            value = formatting.number(float(best.config[path]))
            found.append(
                f"The best searched trial ({best.trial}) has {path} = {value}, at the {side} edge"
                f" of its axis ({axis}): a better value may lie beyond it."
            )
    return found


def place(axis: Axis, value: Value) -> float:
    """Where a value lies on its axis, from 0 to 1; the options of a choice lie evenly."""
    if isinstance(axis, Choice):
        return round(axis.options.index(value) / (len(axis.options) - 1), 4)
    low, high = (float(end) for end in axis.ends())
    number = float(value)
    if isinstance(axis, LogUniform):
        low, high, number = math.log(low), math.log(high), math.log(number)
    return round((number - low) / (high - low), 4)


def _beyond(sweep: SweepFacts, best: Record, path: str, axis: Axis, side: str) -> bool:
    """Whether the setting may take values beyond an edge of its axis."""
    low, high = axis.ends()
    step = EDGE * (float(high) - float(low))
    out = float(low) - step if side == "lower" else float(high) + step
    if isinstance(axis, LogUniform):
        out = float(low) / 1.1 if side == "lower" else float(high) * 1.1
    beyond: Value = out
    if isinstance(low, int):
        beyond = math.floor(out) if side == "lower" else math.ceil(out)
    try:
        sweep.space.resolve({**best.config, path: beyond})
    except ConfigError:
        return False
    return True


def _says(axis: Axis) -> str:
    if isinstance(axis, Choice):
        return "Compare the upper ends of the columns; within one, marks are spread sideways."
    return "A slope or a hill is an effect; a level cloud says that this range does not matter."


def _axis(
    sweep: SweepFacts, path: str, axis: Axis, reported: Sequence[tuple[str, Record]]
) -> Figure:
    kinds = {
        "pruned": ("pruned", THEIRS, {"symbol": "x", "size": 6, "opacity": 0.65}),
        "finished": ("finished", OURS, {"symbol": "circle", "size": 8}),
        "open": ("not ended", FOURTH, {"symbol": "circle-open", "size": 7}),
    }
    lines = []
    for kind, (name, colour, marker) in kinds.items():
        some = [
            r
            for state, r in reported
            if (state if state in kinds else "open") == kind
            and path in r.config
            and r.config[path] in axis
            and not state.startswith("failed")
        ]
        if some:
            lines.append(
                dots(
                    name,
                    [_across(axis, r, path) for r in some],
                    [sweep.scaled(r.objective) for r in some],
                    colour,
                    marker=marker,
                    text=[f"trial {r.trial}: {path} {r.config[path]}" for r in some],
                    hovertemplate="%{text}: %{y:.2f}<extra></extra>",
                )
            )
    down = {"autorange": "reversed"} if sweep.objective.sign < 0 else {}
    return figure(
        lines, titled(path), sweep.axis_title.removeprefix("validation/"),
        xaxis=_scale(axis), yaxis=down, showlegend=True, hovermode="closest",
    )  # fmt: skip


_UNITS = {
    "alpha": "share of the pairs",
    "beta": "share added an epoch",
    "sigma": "similarity",
    "sigma_quantile": "quantile of similarity",
    "text_weight": "share of the text",
    "full_data_after": "share of the epochs",
    "lr": "a step",
    "text_encoder_lr": "a step",
    "batch_size": "pairs",
    "group_size": "pairs",
    "warmup": "share of the steps",
    "warmup_steps": "steps",
    "hidden": "units",
    "dimension": "units",
}


def titled(path: str) -> str:
    """A setting with its unit, where it has one."""
    word = path.rsplit(".", 1)[-1]
    return f"{word} ({_UNITS[word]})" if word in _UNITS else word


def _across(axis: Axis, record: Record, path: str) -> float | int | str | bool:
    value = record.config[path]
    if not isinstance(axis, Choice):
        return value
    aside = (record.trial * _GOLDEN) % 1 - 0.5
    return round(axis.options.index(value) + 0.55 * aside, 3)


def _scale(axis: Axis) -> dict[str, Any]:
    if isinstance(axis, Choice):
        places = list(range(len(axis.options)))
        names = [str(option).replace("_", " ") for option in axis.options]
        ends = [-0.6, len(places) - 0.4]
        return {"tickvals": places, "ticktext": names, "range": ends, "zeroline": False}
    return {"type": "log", "dtick": "D2"} if isinstance(axis, LogUniform) else {"zeroline": False}

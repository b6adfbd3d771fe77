"""Each axis against the objective, with a warning if the best trial is at the edge of an axis."""

import math
from collections.abc import Sequence
from typing import Any

from class_sweep.config.axes import Axis, Choice, LogUniform, Value
from class_sweep.errors import ConfigError
from class_sweep.rendering.blocks import Chapter, Plot, PlotGrid, Text
from class_sweep.report.plots import BLUE, PRUNED, PURPLE, Figure, dots, figure, hover
from class_sweep.report.sweep_facts import SweepFacts
from class_sweep.results import formatting
from class_sweep.results.record import Record

EDGE = 0.05  # share of an axis' length that counts as its edge
_GOLDEN_RATIO = 0.6180339887  # its multiples modulo 1 are spread evenly: no two markers coincide
_TITLE = "Axes"
_MARKERS = {  # state of a trial to the legend, colour and marker
    "pruned": ("pruned", PRUNED, {"symbol": "x", "size": 6, "opacity": 0.85}),
    "finished": ("finished", BLUE, {"symbol": "circle", "size": 8}),
    "open": ("not ended", PURPLE, {"symbol": "circle-open", "size": 7}),
}


def axes(sweep: SweepFacts) -> Chapter:
    """A plot for each axis, and a warning for each edge."""
    reported = [(state, r) for state, r in sweep.last_reports if r.objective is not None]
    if not sweep.axes:
        message = "This space has no axes: all of its trials have the same settings."
        return Chapter("axes", _TITLE, [Text(message)])
    if not reported:
        return Chapter("axes", _TITLE, [Text("No trial has reported a value yet.")])
    warnings = [Text(line, "warning") for line in edge_warnings(sweep)]
    plots = [
        Plot(f"axis-{i}", path, _caption(sweep, path), _axis_figure(sweep, path, axis, reported))
        for i, (path, axis) in enumerate(sweep.axes.items())
    ]
    intro = Text(
        "Circles are finished trials. Crosses are pruned trials, at their last value before they"
        " were stopped, after fewer samples: compare circles with circles."
    )
    return Chapter("axes", _TITLE, [*warnings, intro, PlotGrid(plots)])


def edge_warnings(sweep: SweepFacts) -> list[str]:
    """A sentence for each axis on whose edge the best sampled trial lies.

    An edge that is the bound of the setting itself, such as α = 1, gives no warning: there is
    nothing to search beyond it.
    """
    best = next((r for r in sweep.ranked if not r.name), None)
    if best is None:
        return []
    warnings = []
    for path, axis in sweep.axes.items():
        if isinstance(axis, Choice) or path not in sweep.active(best) or path not in best.config:
            continue
        position = position_on(axis, best.config[path])
        side = "lower" if position <= EDGE else "upper" if position >= 1 - EDGE else None
        if side and _can_exceed(sweep, best, path, axis, side):
            value = formatting.number(float(best.config[path]))
            warnings.append(
                f"The best sampled trial ({best.trial}) has {path} = {value}, at the {side} edge"
                f" of its axis ({axis}): a better value may lie beyond it."
            )
    return warnings


def position_on(axis: Axis, value: Value) -> float:
    """The position of a value on its axis, in [0, 1]; the options of a choice lie evenly."""
    if isinstance(axis, Choice):
        return round(axis.options.index(value) / (len(axis.options) - 1), 4)
    low, high = (float(end) for end in axis.ends())
    number = float(value)
    if isinstance(axis, LogUniform):
        low, high, number = math.log(low), math.log(high), math.log(number)
    return round((number - low) / (high - low), 4)


def _can_exceed(sweep: SweepFacts, best: Record, path: str, axis: Axis, side: str) -> bool:
    """Whether the setting accepts values beyond an edge of its axis."""
    low, high = axis.ends()
    step = EDGE * (float(high) - float(low))
    beyond = float(low) - step if side == "lower" else float(high) + step
    if isinstance(axis, LogUniform):
        beyond = float(low) / 1.1 if side == "lower" else float(high) * 1.1
    if isinstance(low, int):
        beyond = math.floor(beyond) if side == "lower" else math.ceil(beyond)
    try:
        sweep.space.resolve({**best.config, path: beyond})
    except ConfigError:
        return False
    return True


def _caption(sweep: SweepFacts, path: str) -> str:
    text = "A slope or a hill is an effect; a level cloud means that this range does not matter."
    if isinstance(sweep.axes[path], Choice):
        text = "Compare the upper ends of the columns; within one, marks are spread sideways."
    reason = sweep.space.conditions.reasons.get(path)
    return f"{text} A trial has this axis unless {reason}." if reason else text


def _axis_figure(
    sweep: SweepFacts, path: str, axis: Axis, reported: Sequence[tuple[str, Record]]
) -> Figure:
    groups: dict[str, list[Record]] = {group: [] for group in _MARKERS}
    for state, record in reported:
        if state.startswith("failed") or path not in sweep.active(record):
            continue
        if record.config.get(path) in axis:
            groups[state if state in _MARKERS else "open"].append(record)
    traces = []
    for group, records in groups.items():
        name, colour, marker = _MARKERS[group]
        if records:
            traces.append(
                dots(
                    name,
                    [_x(axis, r, path) for r in records],
                    [sweep.scaled(r.objective) for r in records],
                    colour,
                    marker=marker,
                    text=[f"trial {r.trial}: {path} {r.config[path]}" for r in records],
                    **hover("%{text}: %{y:.2f}"),
                )
            )
    y_axis = {"autorange": "reversed"} if sweep.objective.sign < 0 else {}
    return figure(
        traces, with_unit(path), sweep.axis_title.removeprefix("validation/"),
        xaxis=_scale(axis), yaxis=y_axis, showlegend=True, hovermode="closest",
    )  # fmt: skip


_UNITS = {
    "alpha": "share of the pairs",
    "beta": "share added per epoch",
    "sigma": "similarity",
    "quantile": "quantile of similarity",
    "text_weight": "share of the text",
    "full_data_after": "share of the epochs",
    "pacing_knots": "share of the pairs",
    "intensity_knots": "factor",
    "lr": "per step",
    "text_encoder_lr": "per step",
    "molecule_encoder_lr": "per step",
    "batch_size": "pairs",
    "hard_negatives": "ρ",
    "trim": "share of the pool",
    "trim_from": "share of the samples",
    "warmup": "share of the steps",
    "warmup_steps": "steps",
    "hidden": "units",
    "dimension": "units",
}


def with_unit(path: str) -> str:
    """The last part of a setting's path, with the unit if it has one."""
    name = formatting.setting_name(path)
    unit = _UNITS.get(name.partition(".")[0])
    return f"{name} ({unit})" if unit else name


def _x(axis: Axis, record: Record, path: str) -> Value:
    value = record.config[path]
    if not isinstance(axis, Choice):
        return value
    offset = (record.trial * _GOLDEN_RATIO) % 1 - 0.5
    return round(axis.options.index(value) + 0.55 * offset, 3)


def _scale(axis: Axis) -> dict[str, Any]:
    if isinstance(axis, Choice):
        positions = list(range(len(axis.options)))
        names = [str(option).replace("_", " ") for option in axis.options]
        ends = [-0.6, len(positions) - 0.4]
        return {"tickvals": positions, "ticktext": names, "range": ends, "zeroline": False}
    if not isinstance(axis, LogUniform):
        return {"zeroline": False}
    ticks = _log_ticks(*map(float, axis.ends()))
    return {"type": "log", "tickvals": ticks, "ticktext": [formatting.number(t) for t in ticks]}


def _log_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 in each power of ten; over more than three of them, the powers alone."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if high <= 1000 * low else (1,)
    return [float(f"{step}e{power}") for power in powers for step in steps]

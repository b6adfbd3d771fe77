"""Parallel coordinates of the finished trials.

They are drawn as plain lines, one row for each axis. Plotly's own parallel coordinates, which
Optuna uses, need WebGL, cannot be printed and do not fit a narrow screen.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from class_sweep.config.axes import Axis
from class_sweep.rendering.blocks import Chapter, Plot, Text
from class_sweep.report.chapters.axes import position_on
from class_sweep.report.plots import BLUE, GREY, ORANGE, Figure, bold, figure, hover
from class_sweep.report.sweep_facts import SweepFacts
from class_sweep.results import formatting
from class_sweep.results.record import Record

_BANDS = (("best third", BLUE), ("middle third", GREY), ("worst third", ORANGE))
_TITLE = "Settings together"


def parallel(sweep: SweepFacts) -> Chapter:
    """A line for each finished trial through the rows of the axes."""
    axes = {path: axis for path, axis in sweep.axes.items() if len(axis.ends()) > 1}
    trials = [r for r in sweep.ranked if sweep.space.on_axes(r.config) is not None]
    if len(axes) < 2 or len(trials) < 2:
        message = "Parallel coordinates need two axes and two finished trials within them."
        return Chapter("parallel", _TITLE, [Text(message)])
    caption = (
        "Each line is a finished trial of the search. Where the lines of the best third meet in a"
        " row, that setting matters. The last row is the objective; the ends of a row are its"
        " range. A line has no mark in the row of an axis that has no effect in its trial."
    )
    title = "Parallel coordinates of the finished trials"
    height = 110 + 62 * (len(axes) + 1)
    plot = Plot("parallel", title, caption, _figure(sweep, axes, trials), height)
    return Chapter("parallel", _TITLE, [plot])


def _figure(sweep: SweepFacts, axes: Mapping[str, Axis], trials: Sequence[Record]) -> Figure:
    values = [r.objective or 0.0 for r in trials]
    low, high = min(values), max(values)
    names = [formatting.setting_name(path) for path in axes] + [str(sweep.objective)]
    rows = list(range(len(names)))[::-1]  # heights of the rows, the first one on top

    def positions(trial: Record) -> list[float | None]:
        objective = ((trial.objective or 0.0) - low) / (high - low) if high > low else 0.5
        active = sweep.space.active(trial.config)
        places = (
            position_on(axis, trial.config[path]) if path in active else None
            for path, axis in axes.items()
        )
        return [*places, objective]

    traces = []
    for band, (name, colour) in reversed(list(enumerate(_BANDS))):
        in_band = [r for i, r in enumerate(trials) if i * len(_BANDS) // len(trials) == band]
        if in_band:
            traces.append(_trace(sweep, name, colour, in_band, [positions(r) for r in in_band]))
    ends = [(0.0, sweep.shown(low)), (1.0, sweep.shown(high))]
    labels = [*map(_labels, axes.values()), ends]
    hidden: dict[str, Any] = {"showticklabels": False, "showgrid": False, "zeroline": False}
    return figure(
        traces,
        "from the low to the high end of each row",
        "",
        xaxis=hidden | {"range": [-0.03, 1.03]},
        yaxis=hidden | {"range": [-0.4, len(rows) - 0.35]},
        shapes=[_row_line(row) for row in rows],
        annotations=[
            *(_label(0, row, bold(n), "left", 12) for row, n in zip(rows, names, strict=True)),
            *(
                _label(x, row, text, _anchor(x), -11)
                for row, texts in zip(rows, labels, strict=True)
                for x, text in texts
            ),
        ],
        hovermode="closest",
        showlegend=True,
    )


def _trace(
    sweep: SweepFacts,
    name: str,
    colour: str,
    trials: Sequence[Record],
    positions: Sequence[Sequence[float | None]],
) -> Figure:
    """The lines of some trials as one trace, with a gap between two lines."""
    x: list[float | None] = []
    y: list[int | None] = []
    texts: list[str] = []
    for trial, line in zip(trials, positions, strict=True):
        marks = [(x, row) for row, x in enumerate(reversed(line)) if x is not None][::-1]
        x += [*(place for place, _ in marks), None]
        y += [*(row for _, row in marks), None]
        texts += [f"trial {trial.trial}: {sweep.shown(trial.objective)}"] * len(marks) + [""]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": x,
        "y": y,
        "text": texts,
        "opacity": 0.7,
        "line": {"color": colour, "width": 1.5},
        "marker": {"color": colour, "size": 5},
        **hover("%{text}"),
    }


def _row_line(row: int) -> Figure:
    line = {"color": GREY, "width": 1}
    return {
        "type": "line", "x0": 0, "x1": 1, "y0": row, "y1": row, "layer": "below", "line": line
    }  # fmt: skip


def _label(x: float, row: int, text: str, anchor: str, shift: int) -> Figure:
    position = {"x": x, "y": row, "yshift": shift, "xanchor": anchor}
    return position | {"text": text, "showarrow": False}


def _labels(axis: Axis) -> list[tuple[float, str]]:
    """Position and text of the ends of an axis, or of each option of a choice."""
    return [
        (position_on(axis, end), formatting.number(end) if isinstance(end, float) else str(end))
        for end in axis.ends()
    ]


def _anchor(x: float) -> str:
    return "left" if x <= 0 else "right" if x >= 1 else "center"

"""Parallel coordinates of the finished trials.

Drawn as plain lines, one row for each axis: Plotly's own, which Optuna uses, needs WebGL, is not
printed and does not fit a telephone.
"""

from collections.abc import Sequence
from typing import Any

from class_sweep.config.axes import Axis
from class_sweep.report.blocks import Chapter, Plot, Text
from class_sweep.report.chapters.axes import place
from class_sweep.report.plots import GREY, OURS, THEIRS, Figure, figure
from class_sweep.report.sweep_facts import SweepFacts
from class_sweep.results import formatting
from class_sweep.results.record import Record

_BANDS = (("best third", OURS), ("middle third", GREY), ("worst third", THEIRS))


def parallel(sweep: SweepFacts) -> Chapter:
    """A line for each finished trial through the rows of the axes."""
    axes = {path: axis for path, axis in sweep.axes.items() if len(axis.ends()) > 1}
    trials = [
        r
        for r in sweep.ranked
        if all(path in r.config and r.config[path] in axis for path, axis in axes.items())
    ]
    title = "Settings together"
    if len(axes) < 2 or len(trials) < 2:
        said = "Parallel coordinates need two axes and two finished trials within them."
        return Chapter("parallel", title, [Text(said)])
    says = (
        "Each line is a finished trial of the search; where the lines of the best third gather in a"
        " row, that setting matters. The last row is the objective, the ends of a row its range."
    )
    height = 110 + 62 * (len(axes) + 1)
    drawn = _figure(sweep, axes, trials)
    plot = Plot("parallel", "Parallel coordinates of the finished trials", says, drawn, height)
    return Chapter("parallel", title, [plot])


def _figure(sweep: SweepFacts, axes: dict[str, Axis], trials: Sequence[Record]) -> Figure:
    values = [r.objective or 0.0 for r in trials]
    low, high = min(values), max(values)
    rows = [path.rsplit(".", 1)[-1] for path in axes] + [str(sweep.objective)]
    depth = list(range(len(rows)))[::-1]
    lines = []
    for band, (name, colour) in reversed(list(enumerate(_BANDS))):
        some = [r for i, r in enumerate(trials) if i * len(_BANDS) // len(trials) == band]
        x: list[float | None] = []
        y: list[int | None] = []
        told: list[str] = []
        for r in some:
            height = ((r.objective or 0.0) - low) / (high - low) if high > low else 0.5
            x += [*(place(axis, r.config[path]) for path, axis in axes.items()), height, None]
            y += [*depth, None]
            told += [f"trial {r.trial}: {sweep.shown(r.objective)}"] * len(rows) + [""]
        look = {"line": {"color": colour, "width": 1.5}, "marker": {"color": colour, "size": 5}}
        lines.append(
            {"type": "scatter", "mode": "lines+markers", "name": name, "x": x, "y": y}
            | {"text": told, "hovertemplate": "%{text}<extra></extra>", "opacity": 0.7} | look
        )  # fmt: skip
    labels = [*map(_labels, axes.values()), [(0.0, sweep.shown(low)), (1.0, sweep.shown(high))]]
    notes = [
        _words(0, row, f"<b>{name}</b>", "left", 12) for row, name in zip(depth, rows, strict=True)
    ]
    notes += [
        _words(x, row, text, _anchor(x), -11)
        for row, some in zip(depth, labels, strict=True)
        for x, text in some
    ]
    hidden: dict[str, Any] = {"showticklabels": False, "showgrid": False, "zeroline": False}
    return figure(
        [one for one in lines if one["x"]],
        "from the low to the high end of each row",
        "",
        xaxis=hidden | {"range": [-0.03, 1.03]},
        yaxis=hidden | {"range": [-0.4, len(rows) - 0.35]},
        shapes=[
            {"type": "line", "x0": 0, "x1": 1, "y0": row, "y1": row, "layer": "below"}
            | {"line": {"color": GREY, "width": 1}}
            for row in depth
        ],
        annotations=notes,
        hovermode="closest",
        showlegend=True,
    )


def _words(x: float, row: int, text: str, anchor: str, shift: int) -> Figure:
    place = {"x": x, "y": row, "yshift": shift, "xanchor": anchor}
    return place | {"text": text, "showarrow": False}


def _labels(axis: Axis) -> list[tuple[float, str]]:
    """Place in the row and value, of its ends or of each option."""
    return [
        (place(axis, end), formatting.number(end) if isinstance(end, float) else str(end))
        for end in axis.ends()
    ]


def _anchor(x: float) -> str:
    return "left" if x <= 0 else "right" if x >= 1 else "center"

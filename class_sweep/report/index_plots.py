"""The plots of the index page, as Plotly's data and layout; the page colours them.

Text, grid and background follow the reader's light or dark scheme, so no figure names them.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

SCALE = ("#8a63b8", "#3d86c6", "#2a9d8f", "#7fa832", "#d39a1f", "#d1602f", "#b0305f")
OURS, THEIRS, THIRD, FOURTH = "#3d86c6", "#d1602f", "#2a9d8f", "#8a63b8"
SHADE = "rgba(42, 157, 143, 0.14)"
GREY = "#8a8f98"

Tree = Mapping[str, Any]
Figure = dict[str, Any]


def figures(tree: Tree) -> dict[str, Figure]:
    """Every plot of the page by its name."""
    share, gamma, samples = _schedules(tree["schedules"])
    return {
        "order": _order(tree),
        "sigma": _sigma(tree),
        "modalities": _modalities(tree),
        "sorts-by": _sorts_by(tree),
        "share": share,
        "intensity": gamma,
        "samples": samples,
    }


def _figure(data: list[Figure], x: str, y: str, **layout: Any) -> Figure:
    axes = {
        "xaxis": {"title": {"text": x}, "automargin": True} | layout.pop("xaxis", {}),
        "yaxis": {"title": {"text": y}, "automargin": True} | layout.pop("yaxis", {}),
    }
    legend = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
    margin = {"l": 10, "r": 24, "t": 10, "b": 10}
    shown = len(data) > 1
    return {
        "data": data,
        "layout": axes | {"legend": legend, "margin": margin, "showlegend": shown} | layout,
    }


def _line(name: str, x: Sequence[Any], y: Sequence[Any], colour: str, **more: Any) -> Figure:
    line = {"color": colour, "width": 2} | more.pop("line", {})
    mode = "lines" if len(x) > 1 else "markers"
    plain = {"type": "scatter", "mode": mode, "name": name, "x": list(x), "y": list(y)}
    return plain | {"line": line, "marker": {"color": colour}} | more


def _order(tree: Tree) -> Figure:
    """N over the order: what is level is a tie. N + 1 is drawn on a logarithmic axis, for the 0."""
    lines, highest = [], 1
    for i, one in enumerate(tree["distribution"]):
        places = [round(k / (len(one["curve"]) - 1), 4) for k in range(len(one["curve"]))]
        highest = max(highest, one["curve"][-1])
        lines.append(
            _line(
                f"σ {one['sigma']:g}",
                places,
                [round(math.log10(1 + n), 4) for n in one["curve"]],
                SCALE[i % len(SCALE)],
                customdata=one["curve"],
                hovertemplate="%{x:.0%} of the order: N = %{customdata}",
            )
        )
    ticks = [0, *(10**k for k in range(1, math.ceil(math.log10(1 + highest)) + 1))]
    pool = tree["first_pool"]["share"]
    return _figure(
        lines,
        "place in the order, easy first",
        "look-alikes N",
        xaxis={"tickformat": ".0%", "range": [0, 1], "dtick": 0.25},
        yaxis={
            "tickvals": [math.log10(1 + n) for n in ticks],
            "ticktext": [f"{n:,}" for n in ticks],
        },
        shapes=[_at(pool)],
        annotations=[_note(pool, "first pool")],
    )


def _at(x: float) -> Figure:
    line = {"color": GREY, "width": 1, "dash": "dot"}
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def _note(x: float, text: str) -> Figure:
    place = {"x": x, "y": 1, "yref": "paper", "yanchor": "top", "xanchor": "left"}
    return place | {"text": text, "showarrow": False}


def _marks(tree: Tree) -> list[Figure]:
    """The σ that is looked at closely, and the recommended range where it was counted."""
    found = tree["recommendation"]
    marks = [_at(tree["focus"])]
    if found["counted"]:
        low, high = found["range"]
        box = {"type": "rect", "x0": low, "x1": high, "y0": 0, "y1": 1, "yref": "paper"}
        marks.append(box | {"fillcolor": SHADE, "line": {"width": 0}, "layer": "below"})
    return marks


def _sigma(tree: Tree) -> Figure:
    rows = tree["sigmas"]
    sigmas = [row["sigma"] for row in rows]
    easy = [row["decided"]["easy_first"] for row in rows]
    hard = [row["decided"]["hard_first"] for row in rows]
    return _figure(
        [
            _line("largest tie", sigmas, [row["largest_tie"] for row in rows], THEIRS),
            _line("N = 0", sigmas, [row["alone"] for row in rows], FOURTH, line={"dash": "dot"}),
            _line("pool decided, easy first", sigmas, easy, OURS),
            _line("pool decided, hard first", sigmas, hard, THIRD, line={"dash": "dash"}),
        ],
        "σ",
        "share",
        yaxis={"tickformat": ".0%", "range": [0, 1.02]},
        shapes=_marks(tree),
    )


def _sorts_by(tree: Tree) -> Figure:
    rows = tree["sigmas"]
    sigmas = [row["sigma"] for row in rows]
    names = {
        "words": ("text length", OURS),
        "heavy_atoms": ("heavy atoms", THIRD),
        "validation_likeness": ("likeness to validation", THEIRS),
    }
    lines = [
        _line(name, sigmas, [row["sorts_by"][trait] for row in rows], colour)
        for trait, (name, colour) in names.items()
    ]
    return _figure(lines, "σ", "rank correlation with N", yaxis=_RHO, shapes=_marks(tree))


_RHO = {"range": [-1.02, 1.02], "zeroline": True}


def _modalities(tree: Tree) -> Figure:
    points = tree["modalities"]["points"]
    dots = {
        "type": "scatter",
        "mode": "markers",
        "x": [x for x, _ in points],
        "y": [y for _, y in points],
        "marker": {"color": OURS, "size": 4, "opacity": 0.5},
        "hovertemplate": "text %{x:.3f}, molecule %{y:.3f}<extra></extra>",
    }
    return _figure([dots], "mean similarity of its text", "mean similarity of its molecule")


def _schedules(schedules: Tree) -> tuple[Figure, Figure, Figure]:
    """λ, γ and samples by epoch: of the space's centre, and of the paper."""
    share, gamma, samples = [], [], []
    styles = (("space", "this space", OURS, "solid"), ("paper", "paper", THEIRS, "dash"))
    for key, name, colour, dash in styles:
        one, line = schedules[key], {"dash": dash, "shape": "hv"}
        epochs = list(range(1, len(one["share"]) + 1))
        share.append(_line(name, epochs, one["share"], colour, line=line))
        samples.append(_line(name, epochs, one["samples"], colour, line=line))
        for part, factors in one["intensity"].items():
            label = name if part == "loss" else f"{name}, {part}"
            gamma.append(_line(label, epochs, factors, colour, line=line))
    whole = {"range": [0, 1.05]}
    return (
        _figure(share, "epoch", "λ, share of the pairs", yaxis=whole | {"tickformat": ".0%"}),
        _figure(gamma, "epoch", "γ, intensity", yaxis=whole),
        _figure(samples, "epoch", "samples", yaxis={"rangemode": "tozero"}),
    )

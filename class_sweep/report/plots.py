"""What the plots of every page are made of: Plotly's data and layout, as plain values.

Text, grid and background follow the reader's light or dark scheme, so no figure names them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

SCALE = ("#8a63b8", "#3d86c6", "#2a9d8f", "#7fa832", "#d39a1f", "#d1602f", "#b0305f")
OURS, THEIRS, THIRD, FOURTH = "#3d86c6", "#d1602f", "#2a9d8f", "#8a63b8"
SHADE = "rgba(42, 157, 143, 0.14)"
GREY = "#8a8f98"

Figure = dict[str, Any]


def figure(data: list[Figure], x: str, y: str, **layout: Any) -> Figure:
    """Traces under two named axes, with a legend where there are several.

    Args:
        data: The traces.
        x: Title of the horizontal axis, with its unit.
        y: Title of the vertical one.
        layout: What else Plotly's layout takes; `xaxis` and `yaxis` are added to.
    """
    axes = {
        "xaxis": {"title": {"text": x, "standoff": 8}, "automargin": True}
        | layout.pop("xaxis", {}),
        "yaxis": {"title": {"text": y, "standoff": 8}, "automargin": True}
        | layout.pop("yaxis", {}),
    }
    legend = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
    margin = {"l": 10, "r": 24, "t": 10, "b": 10}
    shown = len(data) > 1
    return {
        "data": data,
        "layout": axes | {"legend": legend, "margin": margin, "showlegend": shown} | layout,
    }


def curve(name: str, x: Sequence[Any], y: Sequence[Any], colour: str, **more: Any) -> Figure:
    """A line, or a mark where it has a single point."""
    line = {"color": colour, "width": 2} | more.pop("line", {})
    mode = "lines" if len(x) > 1 else "markers"
    plain = {"type": "scatter", "mode": mode, "name": name, "x": list(x), "y": list(y)}
    return plain | {"line": line, "marker": {"color": colour}} | more


def dots(name: str, x: Sequence[Any], y: Sequence[Any], colour: str, **more: Any) -> Figure:
    """A mark for each point; `marker` says which."""
    marker = {"color": colour, "size": 8} | more.pop("marker", {})
    plain = {"type": "scatter", "mode": "markers", "name": name, "x": list(x), "y": list(y)}
    return plain | {"marker": marker} | more


def mark(x: float) -> Figure:
    """A dotted line across a plot."""
    line = {"color": GREY, "width": 1, "dash": "dot"}
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def note(x: float, text: str) -> Figure:
    """Words beside such a line."""
    place = {"x": x, "y": 1, "yref": "paper", "yanchor": "top", "xanchor": "left"}
    return place | {"text": text, "showarrow": False}


def schedule_plots(
    schedules: Iterable[tuple[str, Mapping[str, Any], str, str]],
) -> tuple[Figure, Figure, Figure]:
    """λ, γ and samples by epoch.

    Args:
        schedules: Name, schedule as `class_sweep.curriculum.schedule_table` gives it, colour, dash.
    """
    share, gamma, samples = [], [], []
    for name, one, colour, dash in schedules:
        line = {"dash": dash, "shape": "hv"}
        epochs = list(range(1, len(one["share"]) + 1))
        share.append(curve(name, epochs, one["share"], colour, line=line))
        samples.append(curve(name, epochs, one["samples"], colour, line=line))
        for part, factors in one["intensity"].items():
            label = name if part == "loss" else f"{name}, {part}"
            gamma.append(curve(label, epochs, factors, colour, line=line))
    whole = {"range": [0, 1.05]}
    return (
        figure(share, "epoch", "λ, share of the pairs", yaxis=whole | {"tickformat": ".0%"}),
        figure(gamma, "epoch", "γ, intensity", yaxis=whole),
        figure(samples, "epoch", "samples", yaxis={"rangemode": "tozero"}),
    )

"""The elements of Plotly figures, as plain values.

Text, grid and background take the colours of the reader's light or dark scheme on the page, so
figures do not set them. Plotly interprets a few HTML tags in its labels: they are written here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

SCALE = ("#8a63b8", "#3d86c6", "#2a9d8f", "#7fa832", "#d39a1f", "#d1602f", "#b0305f")
BLUE, ORANGE, GREEN, PURPLE, GREY = "#3d86c6", "#d1602f", "#2a9d8f", "#8a63b8", "#8a8f98"
PRUNED = "#cf4a7b"  # the crosses of pruned trials, legible on the light and on the dark page
SHADE = "rgba(42, 157, 143, 0.14)"
PALE_ORANGE = "rgba(209, 96, 47, 0.16)"

Figure = dict[str, Any]


def figure(data: list[Figure], x: str, y: str, **layout: Any) -> Figure:
    """Traces under two titled axes, with a legend if there are several traces.

    Args:
        data: The traces.
        x: Title of the horizontal axis, with its unit.
        y: Title of the vertical axis, with its unit.
        layout: Further properties of Plotly's layout; `xaxis` and `yaxis` extend the defaults.
    """
    axes = {
        "xaxis": {"title": {"text": x, "standoff": 8}, "automargin": True}
        | layout.pop("xaxis", {}),
        "yaxis": {"title": {"text": y, "standoff": 8}, "automargin": True}
        | layout.pop("yaxis", {}),
    }
    legend = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
    margin = {"l": 10, "r": 24, "t": 10, "b": 10}
    return {
        "data": data,
        "layout": axes
        | {"legend": legend, "margin": margin, "showlegend": len(data) > 1}
        | layout,
    }  # fmt: skip


def curve(name: str, x: Sequence[Any], y: Sequence[Any], colour: str, **trace: Any) -> Figure:
    """A line; a marker if it has a single point. `trace` extends the defaults."""
    line = {"color": colour, "width": 2} | trace.pop("line", {})
    mode = "lines" if len(x) > 1 else "markers"
    defaults = {"type": "scatter", "mode": mode, "name": name, "x": list(x), "y": list(y)}
    return defaults | {"line": line, "marker": {"color": colour}} | trace


def dots(name: str, x: Sequence[Any], y: Sequence[Any], colour: str, **trace: Any) -> Figure:
    """A marker for each point. `trace` extends the defaults, `marker` those of the marker."""
    marker = {"color": colour, "size": 8} | trace.pop("marker", {})
    defaults = {"type": "scatter", "mode": "markers", "name": name, "x": list(x), "y": list(y)}
    return defaults | {"marker": marker} | trace


def bars(name: str, labels: Sequence[str], values: Sequence[float], colour: str) -> Figure:
    """Horizontal bars, the first label at the bottom."""
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "y": list(labels),
        "x": list(values),
        "marker": {"color": colour},
    }


def vertical_line(x: float) -> Figure:
    """A dotted line across the plot."""
    line = {"color": GREY, "width": 1, "dash": "dot"}
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def line_label(x: float, text: str) -> Figure:
    """A label beside a vertical line."""
    position = {"x": x, "y": 1, "yref": "paper", "yanchor": "top", "xanchor": "left"}
    return position | {"text": text, "showarrow": False}


def switch(positions: Mapping[str, list[list[Any]]], labels: Sequence[str]) -> Figure:
    """Buttons below the plot that exchange the horizontal axis.

    Args:
        positions: Title of the axis to the horizontal positions of each trace; a trace that has
            none is hidden.
        labels: The text of each button.
    """
    buttons = [
        {"label": label, "method": "update", "args": [_at(x), {"xaxis.title.text": title}]}
        for label, (title, x) in zip(labels, positions.items(), strict=True)
    ]
    place = {"x": 0, "xanchor": "left", "y": -0.2, "yanchor": "top"}
    colours = {"bgcolor": "rgba(0, 0, 0, 0)", "bordercolor": GREY}
    return {"type": "buttons", "direction": "right", "buttons": buttons} | place | colours


def _at(positions: Sequence[Sequence[Any]]) -> Figure:
    visible = [any(x is not None for x in trace) for trace in positions]
    return {"x": positions, "visible": visible}


def hover(template: str) -> Figure:
    """The hover text of a trace, without Plotly's box for the name of the trace."""
    return {"hovertemplate": f"{template}<extra></extra>"}


def bold(text: str) -> str:
    """A bold label."""
    return f"<b>{text}</b>"


def two_lines(first: str, second: str) -> str:
    """A label on two lines. The space at its end keeps it away from the axis."""
    return f"{first}<br>{second} "

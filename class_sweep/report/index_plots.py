"""The plots of the index page, as Plotly's data and layout; the page colours them.

Text, grid and background follow the reader's light or dark scheme, so no figure names them.
"""

import math
from collections.abc import Mapping
from typing import Any

from class_sweep.report.plots import (
    FOURTH,
    OURS,
    SCALE,
    SHADE,
    THEIRS,
    THIRD,
    Figure,
    curve,
    figure,
    mark,
    note,
    schedule_plots,
)

Tree = Mapping[str, Any]


def figures(tree: Tree) -> dict[str, Figure]:
    """Every plot of the page by its name."""
    share, gamma, samples = schedule_plots(
        [
            ("this space", tree["schedules"]["space"], OURS, "solid"),
            ("paper", tree["schedules"]["paper"], THEIRS, "dash"),
        ]
    )
    return {
        "order": _order(tree),
        "sigma": _sigma(tree),
        "modalities": _modalities(tree),
        "sorts-by": _sorts_by(tree),
        "share": share,
        "intensity": gamma,
        "samples": samples,
    }


def _order(tree: Tree) -> Figure:
    """N over the order: what is level is a tie. N + 1 is drawn on a logarithmic axis, for the 0."""
    lines, highest = [], 1
    for i, one in enumerate(tree["distribution"]):
        places = [round(k / (len(one["curve"]) - 1), 4) for k in range(len(one["curve"]))]
        highest = max(highest, one["curve"][-1])
        lines.append(
            curve(
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
    return figure(
        lines,
        "place in the order, easy first",
        "look-alikes N",
        xaxis={"tickformat": ".0%", "range": [0, 1], "dtick": 0.25},
        yaxis={
            "tickvals": [math.log10(1 + n) for n in ticks],
            "ticktext": [f"{n:,}" for n in ticks],
        },
        shapes=[mark(pool)],
        annotations=[note(pool, "first pool")],
    )


def _marks(tree: Tree) -> list[Figure]:
    """The σ that is looked at closely, and the recommended range where it was counted."""
    found = tree["recommendation"]
    marks = [mark(tree["focus"])]
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
    return figure(
        [
            curve("largest tie", sigmas, [row["largest_tie"] for row in rows], THEIRS),
            curve("N = 0", sigmas, [row["alone"] for row in rows], FOURTH, line={"dash": "dot"}),
            curve("pool decided, easy first", sigmas, easy, OURS),
            curve("pool decided, hard first", sigmas, hard, THIRD, line={"dash": "dash"}),
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
        curve(name, sigmas, [row["sorts_by"][trait] for row in rows], colour)
        for trait, (name, colour) in names.items()
    ]
    return figure(lines, "σ", "rank correlation with N", yaxis=_RHO, shapes=_marks(tree))


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
    return figure([dots], "mean similarity of its text", "mean similarity of its molecule")

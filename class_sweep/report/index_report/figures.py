"""The figures of the index page, as Plotly's data and layout."""

import math
from collections.abc import Sequence

from class_sweep.preparation.index_report import IndexReport
from class_sweep.report.plots import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SCALE,
    SHADE,
    Figure,
    curve,
    dots,
    figure,
    hover,
    line_label,
    vertical_line,
)

_CORRELATION = {"range": [-1.02, 1.02], "zeroline": True}


def distribution_figure(report: IndexReport) -> Figure:
    """N over the order, where a level part is a tie; the axis is that of log(N + 1)."""
    traces = []
    for i, row in enumerate(report.distribution):
        last = len(row.curve) - 1
        trace = curve(
            f"σ {row.sigma:g}",
            [round(k / last, 4) for k in range(last + 1)],
            [round(math.log10(1 + n), 4) for n in row.curve],
            SCALE[i % len(SCALE)],
            customdata=row.curve,
            hovertemplate="%{x:.0%} of the order: N = %{customdata}",
        )
        traces.append(trace)
    highest = max(1, *(row.curve[-1] for row in report.distribution))
    ticks = [0, *(10**k for k in range(1, math.ceil(math.log10(1 + highest)) + 1))]
    pool = report.first_pool.share
    return figure(
        traces,
        "position in the order, easy first",
        "look-alikes N",
        xaxis={"tickformat": ".0%", "range": [0, 1], "dtick": 0.25},
        yaxis={
            "tickvals": [math.log10(1 + n) for n in ticks],
            "ticktext": [f"{n:,}" for n in ticks],
        },
        shapes=[vertical_line(pool)],
        annotations=[line_label(pool, "first pool")],
    )


def tie_figure(report: IndexReport) -> Figure:
    """The ties and the decided share of the first pool against σ."""
    rows = report.sigmas
    sigmas = [row.sigma for row in rows]
    easy = [row.decided.easy_first for row in rows]
    hard = [row.decided.hard_first for row in rows]
    return figure(
        [
            curve("largest tie", sigmas, [row.largest_tie for row in rows], ORANGE),
            curve("N = 0", sigmas, [row.alone for row in rows], PURPLE, line={"dash": "dot"}),
            curve("pool decided, easy first", sigmas, easy, BLUE),
            curve("pool decided, hard first", sigmas, hard, GREEN, line={"dash": "dash"}),
        ],
        "σ",
        "share",
        yaxis={"tickformat": ".0%", "range": [0, 1.02]},
        shapes=_sigma_marks(report),
    )


def trait_figure(report: IndexReport) -> Figure:
    """The rank correlation of N with each trait against σ."""
    sigmas = [row.sigma for row in report.sigmas]
    names = {
        "words": ("text length", BLUE),
        "heavy_atoms": ("heavy atoms", GREEN),
        "validation_likeness": ("similarity to validation", ORANGE),
    }
    traces = [
        curve(name, sigmas, [row.sorts_by[trait] for row in report.sigmas], colour)
        for trait, (name, colour) in names.items()
    ]
    marks = _sigma_marks(report)
    return figure(traces, "σ", "rank correlation with N", yaxis=_CORRELATION, shapes=marks)


def modality_figure(report: IndexReport) -> Figure:
    """The mean similarity of pairs by text alone against that by molecule alone."""
    points: Sequence[tuple[float, float]] = report.modalities.points
    trace = dots(
        "pairs",
        [x for x, _ in points],
        [y for _, y in points],
        BLUE,
        marker={"size": 4, "opacity": 0.75},
        **hover("text %{x:.3f}, molecule %{y:.3f}"),
    )
    return figure([trace], "mean similarity of its text", "mean similarity of its molecule")


def _sigma_marks(report: IndexReport) -> list[Figure]:
    """The σ of the examples, and the recommended range if N was counted there."""
    marks = [vertical_line(report.focus)]
    recommended = report.recommendation
    if recommended.counted and recommended.range:
        low, high = recommended.range
        box = {"type": "rect", "x0": low, "x1": high, "y0": 0, "y1": 1, "yref": "paper"}
        marks.append(box | {"fillcolor": SHADE, "line": {"width": 0}, "layer": "below"})
    return marks

"""The objective against the share of full data's samples, or of its time."""

from collections.abc import Mapping, Sequence

from class_sweep.config.objective import signed_margin
from class_sweep.rendering.blocks import Plot
from class_sweep.report.plots import (
    BLUE,
    GREY,
    ORANGE,
    PALE_ORANGE,
    SHADE,
    Figure,
    curve,
    dots,
    figure,
    hover,
    switch,
)
from class_sweep.report.sweep_facts import SweepFacts
from class_sweep.report.winner_facts import reference_arm
from class_sweep.results.verdict import ArmResult, Verdict

_AXES = {"samples": "share of full data's samples (%)", "time": "share of full data's time (%)"}
_HEIGHT = 460  # pixels

Shares = Mapping[str, Sequence[float | None]]
"""`samples` and `time`: the horizontal position of each point of a trace."""


def savings_plot(sweep: SweepFacts, verdict: Verdict) -> Plot | None:
    """What each schedule reaches with which share of the samples; None without full data's runs."""
    full = reference_arm(verdict, "full_data")
    if full is None or verdict.metric not in full.metrics:
        return None
    centre = full.metrics[verdict.metric].mean
    drawn = [
        _single_runs(sweep),
        *_frontier(sweep, verdict, centre),
        _confirmed(sweep, verdict, full, centre),
        _full_data(sweep, centre),
    ]
    drawn = [(trace, shares) for trace, shares in drawn if trace["x"]]
    positions = {name: [list(shares[name]) for _, shares in drawn] for name in _AXES}
    margin = verdict.rule.margin
    low = centre
    if margin is not None:
        low -= sweep.objective.sign * signed_margin(verdict.metric, margin)
    plotted = figure(
        [trace for trace, _ in drawn],
        _AXES["samples"],
        sweep.axis_title,
        yaxis={"autorange": "reversed"} if sweep.objective.sign < 0 else {},
        shapes=[_band(sweep.scaled(low), sweep.scaled(centre))],
        updatemenus=[switch({_AXES[name]: positions[name] for name in _AXES}, list(_AXES))],
        margin={"l": 10, "r": 24, "t": 10, "b": 90},
        hovermode="closest",
    )
    band = "" if margin is None else f" The shaded band is the margin of {margin:g}."
    caption = (
        "Confirmed finalists are full data's mean plus their paired difference, with the corrected"
        " interval of the claim. The line is full data that ended earlier, with its 95 % band; it"
        " tests nothing. Pale dots are single runs of the search: one seed each, and the best of"
        f" them were selected, so they stand too high.{band} {sweep.better.capitalize()}."
    )
    title = "What the samples buy"
    return Plot("savings", title, caption, plotted, _HEIGHT)


def _band(low: float | None, high: float | None) -> Figure:
    edge = {"color": GREY, "width": 1, "dash": "dot"}
    return {
        "type": "rect", "xref": "paper", "x0": 0, "x1": 1, "y0": low, "y1": high, "line": edge,
        "fillcolor": SHADE, "layer": "below",
    }  # fmt: skip


def _single_runs(sweep: SweepFacts) -> tuple[Figure, Shares]:
    runs = [r for r in sweep.ranked if r.same_as is None and sweep.full_samples]
    seconds = {r.trial: sum(part.seconds for part in sweep.curves[r.trial]) for r in runs}
    full = next((seconds[r.trial] for r in runs if r.name == "full_data"), None)
    shares = {
        "samples": [_percent(r.samples, sweep.full_samples) for r in runs],
        "time": [_percent(seconds[r.trial], full) for r in runs],
    }
    names = [f"trial {r.trial}" + (f" ({r.name})" if r.name else "") for r in runs]
    trace = dots(
        "one seed, selected",
        shares["samples"],
        [sweep.scaled(r.objective) for r in runs],
        GREY,
        marker={"size": 6, "opacity": 0.45},
        text=[f"{n}: {sweep.shown(r.objective)}" for n, r in zip(names, runs, strict=True)],
        **hover("%{text}"),
    )
    return trace, shares


def _frontier(sweep: SweepFacts, verdict: Verdict, centre: float) -> list[tuple[Figure, Shares]]:
    """The band and the line of full data that ended earlier; both end at full data."""
    points = verdict.frontier
    if not points:
        return []
    line = {
        "samples": [*(_percent(p.samples_share, 1) for p in points), 100.0],
        "time": [*(_percent(p.time_share, 1) for p in points), 100.0],
    }
    lows = [sweep.scaled(centre + p.interval[0]) for p in points]
    highs = [sweep.scaled(centre + p.interval[1]) for p in points]
    middle = sweep.scaled(centre)
    around = {name: [*shares, *reversed(shares)] for name, shares in line.items()}
    name = "full data, ended earlier"
    band = curve(
        f"{name}, 95 %",
        around["samples"],
        [*highs, middle, middle, *reversed(lows)],
        ORANGE,
        line={"width": 0},
        fill="toself",
        fillcolor=PALE_ORANGE,
        hoverinfo="skip",
        showlegend=False,
    )
    drawn = curve(
        name,
        line["samples"],
        [*(sweep.scaled(centre + p.difference) for p in points), middle],
        ORANGE,
        mode="lines+markers",
        text=[*(p.arm for p in points), "full data"],
        **hover("%{text}: %{y}"),
    )
    return [(band, around), (drawn, line)]


def _confirmed(
    sweep: SweepFacts, verdict: Verdict, full: ArmResult, centre: float
) -> tuple[Figure, Shares]:
    pairs = [p for p in verdict.pairs if p.control == "full_data" and p.metrics]
    arms = {arm.arm: arm for arm in verdict.arms}
    rows = [pair.metrics[verdict.metric] for pair in pairs]
    middles = [sweep.scaled(centre + row.difference) or 0.0 for row in rows]
    ends = [[sweep.scaled(centre + end) or 0.0 for end in row.interval] for row in rows]
    shares = {
        "samples": [_percent(arms[p.finalist].samples, full.samples) for p in pairs],
        "time": [_percent(p.time_share, 1) for p in pairs],
    }
    trace = dots(
        "confirmed, corrected interval",
        shares["samples"],
        middles,
        BLUE,
        marker={"symbol": "diamond", "size": 11},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [high - y for y, (_, high) in zip(middles, ends, strict=True)],
            "arrayminus": [y - low for y, (low, _) in zip(middles, ends, strict=True)],
            "color": BLUE,
            "thickness": 2,
        },
        text=[f"{p.finalist}: {p.words}" for p in pairs],
        **hover("%{text}"),
    )
    return trace, shares


def _full_data(sweep: SweepFacts, centre: float) -> tuple[Figure, Shares]:
    shares = {"samples": [100.0], "time": [100.0]}
    marker = {"symbol": "square", "size": 10}
    trace = dots("full data", shares["samples"], [sweep.scaled(centre)], ORANGE, marker=marker)
    return trace, shares


def _percent(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else round(100 * part / whole, 2)

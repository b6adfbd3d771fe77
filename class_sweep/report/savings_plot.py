"""The objective against the share of full data's samples, or of its time."""

from collections.abc import Mapping, Sequence

from class_sweep.config.full_data import FULL_DATA
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
from class_sweep.results import formatting
from class_sweep.results.record import Record
from class_sweep.results.verdict import ArmResult, Verdict

_AXES = {"samples": "share of full data's samples (%)", "time": "share of full data's time (%)"}
_HEIGHT = 460  # pixels
_NEIGHBOURS = 3.0  # points of share within which two labels would meet
_RIGHT_EDGE = 90.0  # per cent, from which a label at the right may be cut
_SINGLE = "one seed, selected"
_TITLE = "What the samples buy"

Shares = Mapping[str, Sequence[float | None]]
"""`samples` and `time`: the horizontal position of each point of a trace."""

Drawn = tuple[Figure, Shares]


def savings_plot(sweep: SweepFacts, verdict: Verdict) -> Plot | None:
    """What each schedule reaches with which share of the samples; None without full data's runs."""
    full = reference_arm(verdict, "full_data")
    if full is None or verdict.metric not in full.metrics:
        return None
    centre = full.metrics[verdict.metric].mean
    drawn = [
        *_searched(sweep),
        *_frontier(sweep, verdict, centre),
        _confirmed(sweep, verdict, full, centre),
        _full_data(sweep, "full data", centre, "square"),
    ]
    caption = [
        "Confirmed finalists are full data's mean plus their paired difference, with the corrected"
        " interval of the claim."
    ]
    if verdict.frontier:
        caption.append(
            "The line is full data that ended earlier, with its 95 % band; it tests nothing."
        )
    margin = verdict.rule.margin
    if margin is not None:
        allowed = formatting.margin(verdict.metric, margin)
        caption.append(f"The green band is the margin of {allowed}.")
    return _plot(sweep, drawn, caption, [_band(sweep, verdict, centre)])


def unconfirmed_plot(sweep: SweepFacts) -> Plot | None:
    """The single runs of a search without a confirmation; None before one has finished."""
    if not sweep.ranked or not sweep.full_samples:
        return None
    drawn = _searched(sweep)
    full = sweep.baselines.get(FULL_DATA)
    if full is not None and full.objective is not None:
        name = "best run of full data, one seed"
        drawn.append(_full_data(sweep, name, full.objective, "square-open"))
    return _plot(sweep, drawn, ["Nothing here is confirmed."], [])


def _plot(
    sweep: SweepFacts, drawn: Sequence[Drawn], caption: Sequence[str], shapes: list[Figure]
) -> Plot:
    """The traces, with a switch between samples and time if the times are known."""
    drawn = [(trace, shares) for trace, shares in drawn if trace["x"]]
    positions = {_AXES[name]: [list(shares[name]) for _, shares in drawn] for name in _AXES}
    timed = any(at is not None for shares in positions[_AXES["time"]] for at in shares)
    plotted = figure(
        [trace for trace, _ in drawn],
        _AXES["samples"],
        sweep.axis_title,
        yaxis={"autorange": "reversed"} if sweep.objective.sign < 0 else {},
        yaxis2={"overlaying": "y", "range": [0, 1], "fixedrange": True, "visible": False},
        shapes=shapes,
        updatemenus=[switch(positions, list(_AXES))] if timed else [],
        margin={"l": 10, "r": 24, "t": 10, "b": 90 if timed else 10},
        hovermode="closest",
        showlegend=True,
    )
    words = [
        *caption,
        "Pale dots are single runs of the search: one seed each, and the best of them were"
        " selected, so they stand too high.",
    ]
    if sweep.space.settings.search.shares:
        words.append("Each dotted line is a share that was searched by itself.")
    words.append(f"{sweep.better.capitalize()}.")
    return Plot("savings", _TITLE, " ".join(words), plotted, _HEIGHT)


def _searched(sweep: SweepFacts) -> list[Drawn]:
    """The shares that were searched, and the single runs."""
    return [_strata(sweep), _single_runs(sweep)]


def _strata(sweep: SweepFacts) -> Drawn:
    """A vertical line over the whole plot at each share of the search."""
    shares = [100 * share for share in sorted(sweep.space.settings.search.shares)]
    lines = [x for share in shares for x in (share, share, None)]
    trace = curve(
        f"searched by itself: {', '.join(f'{share:g}' for share in shares)} %",
        lines,
        [0, 1, None] * len(shares),
        GREY,
        line={"width": 1, "dash": "dot"},
        yaxis="y2",
        hoverinfo="skip",
    )
    return trace, {"samples": lines, "time": [None] * len(lines)}


def _band(sweep: SweepFacts, verdict: Verdict, centre: float) -> Figure:
    """The margin below full data's mean; a line at the mean without a margin."""
    margin, low = verdict.rule.margin, centre
    if margin is not None:
        low -= sweep.objective.sign * signed_margin(verdict.metric, margin)
    edge = {"color": GREY, "width": 1, "dash": "dot"}
    return {
        "type": "rect", "xref": "paper", "x0": 0, "x1": 1, "y0": sweep.scaled(low),
        "y1": sweep.scaled(centre), "line": edge, "fillcolor": SHADE, "layer": "below",
        "name": "margin", "showlegend": margin is not None,
    }  # fmt: skip


def _single_runs(sweep: SweepFacts) -> Drawn:
    runs = [r for r in sweep.ranked if r.same_as is None and sweep.full_samples]
    seconds = {r.trial: sum(part.seconds for part in sweep.curves[r.trial]) for r in runs}
    full = next((seconds[r.trial] for r in runs if r.name == FULL_DATA), None)
    shares = {
        "samples": [_percent(r.samples, sweep.full_samples) for r in runs],
        "time": [_percent(seconds[r.trial], full) for r in runs],
    }
    trace = dots(
        _SINGLE,
        shares["samples"],
        [sweep.scaled(r.objective) for r in runs],
        GREY,
        marker={"size": 6, "opacity": 0.7},
        text=[f"{_run_name(r)}: {sweep.shown(r.objective)}" for r in runs],
        **hover("%{text}"),
    )
    return trace, shares


def _run_name(record: Record) -> str:
    of = f" ({record.name})" if record.name else ""
    at = "" if record.share is None else f", searched at {100 * record.share:g} %"
    return f"trial {record.trial}{of}{at}"


def _frontier(sweep: SweepFacts, verdict: Verdict, centre: float) -> list[Drawn]:
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


def _confirmed(sweep: SweepFacts, verdict: Verdict, full: ArmResult, centre: float) -> Drawn:
    arms = {arm.arm: arm for arm in verdict.arms}
    pairs = [p for p in verdict.pairs if p.control == FULL_DATA and p.metrics]
    pairs.sort(key=lambda pair: arms[pair.finalist].samples)
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
        mode="markers+text",
        marker={"symbol": "diamond", "size": 11},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [max(end) - y for y, end in zip(middles, ends, strict=True)],
            "arrayminus": [y - min(end) for y, end in zip(middles, ends, strict=True)],
            "color": BLUE,
            "thickness": 2,
        },
        text=[f" {p.finalist} " for p in pairs],
        textposition=[f"middle {side}" for side in _sides(shares["samples"])],
        hovertext=[f"{p.finalist}: {p.words}" for p in pairs],
        **hover("%{hovertext}"),
    )
    return trace, shares


def _sides(shares: Sequence[float | None]) -> list[str]:
    """The side of each label: within the plot, and not on that of a neighbour; ascending shares."""
    sides: list[str] = []
    last = -_NEIGHBOURS
    for share in shares:
        at = share or 0.0
        if sides and at - last < _NEIGHBOURS:
            sides.append("left" if sides[-1] == "right" else "right")
        else:
            sides.append("left" if at > _RIGHT_EDGE else "right")
        last = at
    return sides


def _full_data(sweep: SweepFacts, name: str, value: float, symbol: str) -> Drawn:
    shares = {"samples": [100.0], "time": [100.0]}
    marker = {"symbol": symbol, "size": 10}
    trace = dots(name, shares["samples"], [sweep.scaled(value)], ORANGE, marker=marker)
    return trace, shares


def _percent(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else round(100 * part / whole, 2)

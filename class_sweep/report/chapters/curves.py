"""Learning curves against samples seen, with the rungs and the trials pruned at each rung."""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from class_sweep.config.pruning import RungPruning
from class_sweep.rendering.blocks import Block, Chapter, Plot, Table, Text
from class_sweep.report.plots import (
    BLUE,
    GREY,
    ORANGE,
    PRUNED,
    PURPLE,
    Figure,
    dots,
    figure,
    hover,
    vertical_line,
)
from class_sweep.report.sweep_facts import SweepFacts
from class_sweep.results.record import Record

_COLOURS = {"full_data": ORANGE, "paper": PURPLE}
_TITLE = "Learning curves"
_HEIGHT = 420  # pixels
_NO_RUNGS = "There are no rungs: each trial reports once, at its end, and nothing is pruned;"

Curves = Mapping[int, Sequence[Record]]


@dataclass(frozen=True)
class _Rung:
    """A rung: the fewest samples of its reports, and the reports."""

    samples: int
    reports: list[Record]


def curves(sweep: SweepFacts) -> Chapter:
    """The curve of every trained trial, and a table of the rungs."""
    trained = _trained(sweep)
    if not trained:
        return Chapter("curves", _TITLE, [Text("No trial has reported a value yet.")])
    rungs = _rungs(trained.values())
    drawn = _figure(sweep, trained, {} if _follow_schedules(sweep) else rungs)
    caption = f"{_pruning(sweep) if rungs else _NO_RUNGS} {sweep.better}."
    title = "The objective against samples seen"
    blocks: list[Block] = [Plot("curves", title, caption, drawn, _HEIGHT)]
    if rungs:
        blocks.append(_rung_table(sweep, rungs))
    return Chapter("curves", _TITLE, blocks)


def _pruning(sweep: SweepFacts) -> str:
    if _follow_schedules(sweep):
        return (
            "A rung is at the same fraction of each trial's own schedule, and so at different"
            " samples. The weakest trials of a rung are pruned (crosses);"
        )
    return (
        "At equal samples trials have used equal compute, so compare them along a dotted line, a"
        " rung, where the weakest trials are pruned (crosses);"
    )


def _follow_schedules(sweep: SweepFacts) -> bool:
    pruning = sweep.space.settings.pruning
    return isinstance(pruning, RungPruning) and pruning.follow_the_schedule


def _trained(sweep: SweepFacts) -> Curves:
    """The reports with a value, by trial, without the trials that copy another one."""
    trained = {}
    for number, reports in sweep.curves.items():
        valued = [r for r in reports if r.objective is not None and r.same_as is None]
        if valued:
            trained[number] = valued
    return trained


def _figure(sweep: SweepFacts, trained: Curves, rungs: Mapping[int, _Rung]) -> Figure:
    named = {name: r.trial for name, r in sweep.baselines.items() if r.trial in trained}
    if sweep.best and sweep.best.trial in trained and not sweep.best.name:
        named["best trial"] = sweep.best.trial
    others = [number for number in trained if number not in named.values()]
    traces = [_trace(sweep, "other trials", trained, others)]
    for name, number in named.items():
        traces.append(_trace(sweep, name, trained, [number], _COLOURS.get(name, BLUE)))
    pruned = [r for r in sweep.trials.pruned if r.same_as is None]
    crosses = dots(
        "pruned",
        [r.samples for r in pruned],
        [sweep.scaled(r.objective) for r in pruned],
        PRUNED,
        marker={"symbol": "x-thin", "size": 7, "line": {"color": PRUNED, "width": 1.5}},
        text=[_hover_text(sweep, r) for r in pruned],
        hovertemplate="%{text}",
    )
    return figure(
        [trace for trace in (*traces, crosses) if trace["x"]],
        "samples seen",
        sweep.axis_title,
        xaxis={"rangemode": "tozero", "tickformat": "~s"},
        yaxis={"autorange": "reversed"} if sweep.objective.sign < 0 else {},
        shapes=[vertical_line(rung.samples) | {"layer": "below"} for rung in rungs.values()],
        hovermode="closest",
    )


def _trace(
    sweep: SweepFacts,
    name: str,
    trained: Curves,
    numbers: Sequence[int],
    colour: str | None = None,
) -> Figure:
    """The curves of some trials as one trace, with a gap between two curves."""
    points: list[Record | None] = []
    for number in numbers:
        points += [*trained[number], None]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [None if r is None else r.samples for r in points],
        "y": [None if r is None else sweep.scaled(r.objective) for r in points],
        "text": ["" if r is None else _hover_text(sweep, r) for r in points],
        "line": {"color": colour or GREY, "width": 2.5 if colour else 1},
        "marker": {"color": colour or GREY, "size": 6 if colour else 3},
        "opacity": 1 if colour else 0.55,
        **hover("%{text}"),
    }


def _hover_text(sweep: SweepFacts, record: Record) -> str:
    name = f" ({record.name})" if record.name else ""
    return (
        f"trial {record.trial}{name}: {sweep.shown(record.objective)} at {record.samples:,} samples"
    )


def _rungs(curves: Iterable[Sequence[Record]]) -> dict[int, _Rung]:
    """The rungs by number, ascending."""
    at_rung: dict[int, list[Record]] = {}
    for reports in curves:
        for report in reports:
            if report.rung is not None:
                at_rung.setdefault(report.rung, []).append(report)
    return {
        number: _Rung(min(r.samples for r in reports), reports)
        for number, reports in sorted(at_rung.items())
    }


def _rung_table(sweep: SweepFacts, rungs: Mapping[int, _Rung]) -> Table:
    best = min if sweep.objective.sign < 0 else max
    last_rung: dict[int, int] = {}  # of each trial: a paused trial may be pruned later
    for number, rung in rungs.items():
        last_rung |= {r.trial: number for r in rung.reports}
    pruned = Counter(last_rung[r.trial] for r in sweep.trials.pruned if r.trial in last_rung)
    rows = []
    for number, rung in rungs.items():
        values = [r.objective for r in rung.reports if r.objective is not None]
        rows.append(
            [
                f"{number + 1}",
                f"{rung.samples:,}",
                "–" if sweep.pairs is None else f"{rung.samples / sweep.pairs:.2g}",
                f"{len({r.trial for r in rung.reports})}",
                f"{pruned[number]}",
                sweep.shown(statistics.median(values)),
                sweep.shown(best(values)),
            ]
        )
    least = "fewest samples" if _follow_schedules(sweep) else "samples"
    head = ("rung", least, "epochs of full data", "trials", "pruned there", "median", "best")
    return Table(head, rows)

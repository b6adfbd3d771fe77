"""Learning curves against samples seen, with the rungs and what was pruned there."""

import statistics
from collections import Counter
from collections.abc import Iterable

from class_sweep.report.blocks import Block, Chapter, Plot, Table, Text
from class_sweep.report.plots import FOURTH, GREY, OURS, THEIRS, THIRD, Figure, dots, figure, mark
from class_sweep.report.sweep_facts import SweepFacts
from class_sweep.results.record import Record

_COLOURS = {"full_data": THEIRS, "paper": FOURTH}


def curves(sweep: SweepFacts) -> Chapter:
    """Every trained trial's curve, and what happened at each rung."""
    trained = {
        number: found
        for number, records in sweep.curves.items()
        if (found := [r for r in records if r.objective is not None and r.same_as is None])
    }
    title = "Learning curves"
    if not trained:
        return Chapter("curves", title, [Text("No trial has reported a value yet.")])
    at = _rungs(trained.values())
    lines = [_many("other trials", trained, sweep, _others(sweep, trained))]
    lines += [
        _many(name, trained, sweep, [record.trial], _COLOURS.get(name))
        for name, record in sweep.references.items()
        if record.trial in trained
    ]
    if sweep.best and sweep.best.trial in trained and not sweep.best.name:
        lines.append(_many("best trial", trained, sweep, [sweep.best.trial], OURS))
    pruned = [r for r in sweep.trials.pruned if r.same_as is None]
    stopped = dots(
        "pruned",
        [r.samples for r in pruned],
        [sweep.scaled(r.objective) for r in pruned],
        THIRD,
        marker={"symbol": "x-thin", "size": 7, "line": {"color": THIRD, "width": 1.5}},
        text=[_told(sweep, r) for r in pruned],
        hovertemplate="%{text}<extra>pruned</extra>",
    )
    drawn = figure(
        [one for one in (*lines, stopped) if one["x"]],
        "samples seen",
        sweep.axis_title,
        xaxis={"rangemode": "tozero", "tickformat": "~s"},
        yaxis={"autorange": "reversed"} if sweep.objective.sign < 0 else {},
        shapes=[mark(samples) | {"layer": "below"} for samples, _ in at.values()],
        hovermode="closest",
    )
    says = (
        "At equal samples seen trials have spent equal compute, so compare them along a dotted"
        f" line, a rung, where the weakest are pruned (crosses); {sweep.better}."
        if at
        else "Each trial reports once, at its end, for there are no rungs: nothing is pruned;"
        f" {sweep.better}."
    )
    blocks: list[Block] = [Plot("curves", "The objective against samples seen", says, drawn, 420)]
    if at:
        blocks.append(_table(sweep, at))
    return Chapter("curves", title, blocks)


def _others(sweep: SweepFacts, trained: Iterable[int]) -> list[int]:
    named = {r.trial for r in sweep.references.values()}
    if sweep.best:
        named.add(sweep.best.trial)
    return [number for number in trained if number not in named]


def _many(
    name: str,
    trained: dict[int, list[Record]],
    sweep: SweepFacts,
    numbers: list[int],
    colour: str | None = None,
) -> Figure:
    """The curves of some trials as one trace, a gap between each two."""
    points: list[Record | None] = []
    for number in numbers:
        points += [*trained[number], None]
    line = {"color": colour or GREY, "width": 2.5 if colour else 1}
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [None if r is None else r.samples for r in points],
        "y": [None if r is None else sweep.scaled(r.objective) for r in points],
        "text": ["" if r is None else _told(sweep, r) for r in points],
        "hovertemplate": "%{text}<extra></extra>",
        "line": line,
        "marker": {"color": colour or GREY, "size": 6 if colour else 3},
        "opacity": 1 if colour else 0.55,
    }


def _told(sweep: SweepFacts, record: Record) -> str:
    return (
        f"trial {record.trial}{f' ({record.name})' if record.name else ''}:"
        f" {sweep.shown(record.objective)} at {record.samples:,} samples"
    )


def _rungs(reports: Iterable[list[Record]]) -> dict[int, tuple[int, list[Record]]]:
    """Rung to its samples, the fewest that a report has there, and the reports."""
    found: dict[int, list[Record]] = {}
    for records in reports:
        for record in records:
            if record.rung is not None:
                found.setdefault(record.rung, []).append(record)
    return {rung: (min(r.samples for r in some), some) for rung, some in sorted(found.items())}


def _table(sweep: SweepFacts, rungs: dict[int, tuple[int, list[Record]]]) -> Table:
    best = min if sweep.objective.sign < 0 else max
    rows = []
    highest: dict[int, int] = {}  # the last rung of each trial; a paused one may be pruned later
    for rung, (_, records) in rungs.items():
        highest |= {r.trial: rung for r in records}
    pruned = Counter(highest[r.trial] for r in sweep.trials.pruned if r.trial in highest)
    for rung, (samples, records) in rungs.items():
        values = [r.objective for r in records if r.objective is not None]
        there = {r.trial for r in records}
        rows.append(
            [
                f"{rung + 1}",
                f"{samples:,}",
                "–" if sweep.pairs is None else f"{samples / sweep.pairs:.2g}",
                f"{len(there)}",
                f"{pruned[rung]}",
                sweep.shown(statistics.median(values)),
                sweep.shown(best(values)),
            ]
        )
    head = ("rung", "samples", "epochs of full data", "trials", "pruned there", "median", "best")
    return Table(head, rows)

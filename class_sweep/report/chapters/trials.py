"""Every trial in a table that can be sorted and filtered."""

import statistics

from class_sweep.config.axes import Axis
from class_sweep.report.blocks import Block, Chapter, Table, Text
from class_sweep.report.sweep_facts import SweepFacts
from class_sweep.results import formatting
from class_sweep.results.curves import SEED
from class_sweep.results.record import Record


def trials(sweep: SweepFacts) -> Chapter:
    """One row a trial, and of a recording one row a configuration above them."""
    title = "Trials"
    if not sweep.ended:
        return Chapter("trials", title, [Text("No trial has reported yet.")])
    paths = list(sweep.space.axes)
    short = [path.rsplit(".", 1)[-1] for path in paths]
    names = [
        path if short.count(word) > 1 else word for path, word in zip(paths, short, strict=True)
    ]
    head = (
        "trial", "state", "name", sweep.objective.metric, "samples", "seconds", *names, "remark",
    )  # fmt: skip
    rows = [_row(sweep, state, record, paths) for state, record in sweep.ended]
    words_in = {1, 2, len(head) - 1}
    words_in |= {6 + i for i, axis in enumerate(sweep.space.axes.values()) if not _numbers(axis)}
    table = Table(head, rows, frozenset(words_in), tool="trials-table")
    said = (
        "Only finished trials are ranked: the value of any other is"
        " that of its last report, after fewer samples."
    )
    blocks: list[Block] = [Text(said, "quiet"), table]
    if sweep.space.settings.search.record is not None:
        blocks.insert(0, _recorded(sweep, sweep.space.settings.search.record))
    return Chapter("trials", title, blocks)


def _numbers(axis: Axis) -> bool:
    return not any(isinstance(end, str) for end in axis.ends())


def _row(sweep: SweepFacts, state: str, record: Record, paths: list[str]) -> list[str]:
    seconds = sum(r.seconds for r in sweep.curves[record.trial])
    values = [record.config.get(path) for path in paths]
    return [
        str(record.trial),
        state,
        record.name or "",
        sweep.shown(record.objective),
        f"{record.samples:,}",
        f"{seconds:.2f}",
        *(
            "–" if v is None else formatting.number(v) if isinstance(v, float) else str(v)
            for v in values
        ),
        _remark(record),
    ]


def _remark(record: Record) -> str:
    remarks = []
    if record.same_as is not None:
        remarks.append(f"same as trial {record.same_as}, not trained")
    if record.rerun_of is not None:
        remarks.append(f"trial {record.rerun_of} once more")
    if record.reason:
        remarks.append(record.reason)
    return "; ".join(remarks)


def _recorded(sweep: SweepFacts, seeds: int) -> Table:
    """The configurations of a recording: mean and spread over their seeds."""
    found: dict[int, list[Record]] = {}
    for record in sweep.trials.finished:
        found.setdefault(record.trial // seeds, []).append(record)
    rows = []
    for number, some in sorted(found.items()):
        values = [r.objective for r in some if r.objective is not None]
        spread = sweep.shown(statistics.stdev(values)) if len(values) > 1 else "–"
        plain = {path: value for path, value in some[0].config.items() if path != SEED}
        said = some[0].name or formatting.schedule(plain)
        rows.append(
            [str(number), said, str(len(values)), sweep.shown(statistics.mean(values)), spread]
        )
    head = ("configuration", "schedule", "seeds", "mean", "standard deviation")
    return Table(head, rows, frozenset({1}))

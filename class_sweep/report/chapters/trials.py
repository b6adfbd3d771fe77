"""Every trial in a table that can be sorted and filtered."""

import statistics

from class_sweep.config.axes import Axis, Value
from class_sweep.rendering.blocks import Block, Chapter, Table, Text
from class_sweep.report.sweep_facts import SweepFacts
from class_sweep.results import formatting
from class_sweep.results.record import Record

_TITLE = "Trials"


def trials(sweep: SweepFacts) -> Chapter:
    """A row for each trial; for a recording, also a row for each configuration."""
    if not sweep.last_reports:
        return Chapter("trials", _TITLE, [Text("No trial has reported yet.")])
    blocks: list[Block] = []
    if sweep.space.settings.search.record is not None:
        blocks.append(_configurations(sweep, sweep.space.settings.search.record))
    message = (
        "Only finished trials are ranked: the value of any other trial is that of its last report,"
        " after fewer samples."
    )
    return Chapter("trials", _TITLE, [*blocks, Text(message, "note"), _trial_table(sweep)])


def _trial_table(sweep: SweepFacts) -> Table:
    axes = sweep.space.axes
    before = ("trial", "state", "name", sweep.objective.metric, "samples", "seconds")
    head = (*before, *_short_names(list(axes)), "remark")
    axis_columns = {
        len(before) + i for i, axis in enumerate(axes.values()) if not _is_numeric(axis)
    }
    return Table(
        head,
        [_row(sweep, state, record) for state, record in sweep.last_reports],
        text_columns={1, 2, len(head) - 1} | axis_columns,
        sort_id="trials-table",
    )


def _short_names(paths: list[str]) -> list[str]:
    """The last part of each path, or the whole path where two paths end alike."""
    short = [formatting.setting_name(path) for path in paths]
    return [
        path if short.count(name) > 1 else name for path, name in zip(paths, short, strict=True)
    ]


def _is_numeric(axis: Axis) -> bool:
    return not any(isinstance(end, str) for end in axis.ends())


def _row(sweep: SweepFacts, state: str, record: Record) -> list[str]:
    seconds = sum(r.seconds for r in sweep.curves[record.trial])
    active = sweep.active(record)
    values = {path: value for path, value in record.config.items() if path in active}
    return [
        str(record.trial),
        state,
        record.name or "",
        sweep.shown(record.objective),
        f"{record.samples:,}",
        f"{seconds:.2f}",
        *(_setting(values.get(path)) for path in sweep.space.axes),
        _remark(record),
    ]


def _setting(value: Value | None) -> str:
    if value is None:
        return "–"
    return formatting.number(value) if isinstance(value, float) else str(value)


def _remark(record: Record) -> str:
    remarks = []
    if record.same_as is not None:
        remarks.append(f"duplicate of trial {record.same_as}, not trained")
    if record.rerun_of is not None:
        remarks.append(f"rerun of trial {record.rerun_of}")
    if record.reason:
        remarks.append(record.reason)
    return "; ".join(remarks)


def _configurations(sweep: SweepFacts, seeds: int) -> Table:
    """The configurations of a recording: mean and standard deviation over their seeds."""
    groups: dict[int, list[Record]] = {}
    for record in sweep.trials.finished:
        groups.setdefault(record.trial // seeds, []).append(record)
    rows = []
    for number, records in sorted(groups.items()):
        values = [r.objective for r in records if r.objective is not None]
        deviation = sweep.shown(statistics.stdev(values)) if len(values) > 1 else "–"
        mean = sweep.shown(statistics.mean(values))
        rows.append([str(number), sweep.schedule(records[0]), str(len(values)), mean, deviation])
    head = ("configuration", "schedule", "seeds", "mean", "standard deviation")
    return Table(head, rows, text_columns={1})

"""The trials and the reports of a sweep as flat pandas frames."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from class_sweep.config.axes import Axis
from class_sweep.report.sweep_facts import SweepFacts
from class_sweep.results.record import Record

TRIAL_COLUMNS = {
    "trial": ("int64", "number of the trial, from 0, in the order of proposal"),
    "name": ("str", "name of a baseline; missing for a schedule that was searched"),
    "tuned": ("bool", "whether it tunes the baseline of its name over the other axes"),
    "state": (
        "str",
        "finished, pruned, failed (`failed, run again`), paused, running, interrupted",
    ),
    "objective": ("float64", "the objective at its last report; missing for a failed trial"),
    "step": ("int64", "optimizer steps"),
    "samples": ("int64", "samples seen, repeats included"),
    "share_of_full_data": (
        "float64",
        "`samples` as a fraction of full data's; missing for `cs.Tuner`",
    ),
    "reports": ("int64", "number of its reports"),
    "seconds": ("float64", "wall time of its training and evaluations"),
    "same_as": ("Int64", "the trial whose reports this duplicate copies"),
    "rerun_of": ("Int64", "the failed trial that it runs again"),
    "reason": ("str", "why it failed"),
    "identity": ("str", "hash of the settings that the result depends on"),
}
"""Columns of `Results.trials` to their type and meaning. The axes and then the metrics follow."""

REPORT_COLUMNS = {
    "trial": ("int64", "number of the trial"),
    "report": ("int64", "number of the report within its trial, from 0"),
    "step": ("int64", "optimizer steps so far"),
    "samples": ("int64", "samples seen so far"),
    "rung": ("Int64", "the rung; missing between rungs and at the trial's end"),
    "decision": ("str", "continue, pause, prune, finish or fail"),
    "compared": ("bool", "whether it was compared with the reports of other trials"),
    "objective": ("float64", "the objective; missing for a failed trial"),
    "loss": ("float64", "mean training loss since the last report"),
    "seconds": ("float64", "wall time of training and evaluation since the last report"),
    "at": ("datetime64[ms, UTC]", "when it was written"),
    "same_as": ("Int64", "the trial whose report a duplicate copies"),
}
"""Columns of `Results.reports` to their type and meaning. The metrics follow."""

Columns = Mapping[str, tuple[str, str]]


def trials_frame(sweep: SweepFacts) -> pd.DataFrame:
    """One row for each trial that has reported, by number; see `TRIAL_COLUMNS`."""
    rows = []
    for state, record in sorted(sweep.last_reports, key=lambda found: found[1].trial):
        reports = sweep.curves[record.trial]
        known: dict[str, Any] = {
            "state": state,
            "share_of_full_data": (
                record.samples / sweep.full_samples if sweep.full_samples else None
            ),
            "reports": len(reports),
            "seconds": sum(report.seconds for report in reports),
        }
        values = {name: known.get(name, getattr(record, name, None)) for name in TRIAL_COLUMNS}
        axes = {path: record.config.get(path) for path in sweep.axes}
        rows.append(values | axes | record.metrics)
    return _frame(rows, TRIAL_COLUMNS, sweep.axes, sweep.records)


def reports_frame(sweep: SweepFacts) -> pd.DataFrame:
    """One row for each report, in the order of the log; see `REPORT_COLUMNS`."""
    rows = [
        {name: getattr(record, name) for name in REPORT_COLUMNS} | record.metrics
        for record in sweep.records
    ]
    return _frame(rows, REPORT_COLUMNS, {}, sweep.records)


def _frame(
    rows: Sequence[Mapping[str, Any]],
    columns: Columns,
    axes: Mapping[str, Axis],
    records: Iterable[Record],
) -> pd.DataFrame:
    metrics = dict.fromkeys(name for record in records for name in record.metrics)
    frame = pd.DataFrame(rows, columns=[*columns, *axes, *metrics])
    types = {name: kind for name, (kind, _) in columns.items()}
    return frame.astype(types | dict.fromkeys(metrics, "float64"))

"""The table of learning curves that a recording leaves, for `class-sweep replay`."""

import csv
import io
from collections.abc import Sequence

from class_sweep.config.objective import Objective
from class_sweep.results.record import Record

SEED = "search.seed"
BEFORE_AXES = ("configuration", "name")
AFTER_AXES = (SEED, "epoch", "samples", "last")  # and then the objective, under its own name


def curves_csv(objective: Objective, seeds: int, records: Sequence[Record]) -> str:
    """A recording's reports as CSV, ordered by trial.

    `configuration` and `name` (of a reference) come first, then a column for each axis; `epoch` is
    how many epochs of full data the samples are worth (none at a trial's end, which is `last`).
    A trial that failed has the reports before its failure and no last one.
    """
    axes = list(dict.fromkeys(path for r in records for path in r.config if path != SEED))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*BEFORE_AXES, *axes, *AFTER_AXES, str(objective)])
    for record in sorted(records, key=lambda r: (r.trial, r.report)):
        if record.objective is None:
            continue
        last = record.decision == "finish"
        writer.writerow(
            [
                record.trial // seeds,
                record.name or "",
                *(record.config.get(path, "") for path in axes),
                record.config[SEED],
                "" if record.rung is None else record.rung + 1,
                record.samples,
                int(last),
                f"{record.objective:.6g}",
            ]
        )
    return text.getvalue()

"""The files that a sweep has once its trials have ended: `best.yaml` and `curves.csv`."""

from collections.abc import Sequence

from class_sweep.config.document import Space
from class_sweep.results.curves import curves_csv
from class_sweep.results.folder import ResultsWriter
from class_sweep.results.record import Record
from class_sweep.results.space_files import trial_yaml


def write_outcome(
    writer: ResultsWriter,
    space: Space,
    records: Sequence[Record],
    best: Record,
    note: str,
    full_samples: int,
) -> None:
    """Write the best configuration, and the learning curves where the space records them.

    Args:
        writer: Writes the results folder.
        space: The search space.
        records: Every report.
        best: The last report of the best finished trial.
        note: The first line of `best.yaml`, as a comment.
        full_samples: Samples of one trial over the full data.
    """
    folder, seeds = writer.folder, space.settings.search.record
    if seeds:
        writer.write(folder.curves, curves_csv(space.objective, seeds, records))
    writer.write(folder.best, trial_yaml(space, best, note, full_samples))

"""`summary.json` as the driver writes it."""

from types import SimpleNamespace

import pytest
from made_sweeps import make_folder, report_of

from class_sweep.config.document import parse_space
from class_sweep.config.recording import as_recording
from class_sweep.execution.context import SweepContext
from class_sweep.execution.summary_writer import SummaryWriter
from class_sweep.preparation.clock import Clock
from class_sweep.results.callback import Callback
from class_sweep.results.folder import ResultsFolder, ResultsWriter

PAIRS = {"train": 560, "validation": 70, "test": 70}


@pytest.mark.parametrize("seeds", [None, 2])
def test_the_full_budget_counts_every_seed_of_a_recording(tmp_path, small_space_text, seeds):
    space = parse_space(small_space_text)
    space = as_recording(space, seeds) if seeds else space
    values = {"curriculum.order": "random", "curriculum.alpha": 0.5}
    made = make_folder(tmp_path / "made", space.text, [report_of(0, "finish", 0.3, values)])
    pairs = SimpleNamespace(rows=lambda split: range(PAIRS[split]))
    prepared = SimpleNamespace(pairs=pairs, diagnoses={}, wrong_pairs=None)
    with ResultsWriter(ResultsFolder(made)) as writer:
        context = SweepContext(space, writer, None, prepared, None, Clock(), Callback())
        summary = SummaryWriter(context).write("finished")
    assert summary.trials.wanted == 8 * (seeds or 1)
    # Six epochs of the whole batches of 32 in 560 pairs, for each trial.
    assert summary.samples.full_budget == 3264 * 8 * (seeds or 1)
    assert summary.full_samples == 3264

"""The clock of a sweep under `search.hours`, and what it writes down."""

import time

import pytest

from class_sweep.config.document import parse_space
from class_sweep.execution.time_budget import AROUND, TimeBudget
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.time_record import TimeRecord
from class_sweep.tuning.time_plan import SweepSize

SPACE = """\
data: {source: names}
text_encoder: {kind: lsa}
molecule_encoder: {kind: morgan}
backbone: {name: contrastive}
curriculum: {alpha: {uniform: [0.2, 0.9]}}
optimizer: {batch_size: 10}
budget: {epochs: 9}
search: {trials: 20, baselines: [full_data]}
confirm: {finalists: 0}
"""
HOURS = TimeRecord(
    hours=1, machine="EPYC, 1 core", step_seconds=0.1, evaluation_seconds=1, start_seconds=0.5,
    worker_seconds=4, trials=20, seeds=0, search_seconds=3600, confirm_seconds=0,
)  # fmt: skip


@pytest.fixture
def budget_of(tmp_path):
    writer = ResultsWriter.create(tmp_path / "results", SPACE)
    size = SweepSize.of(parse_space(SPACE), 1000)

    def build(used=0.0, **changes):
        begun = time.monotonic() - used
        record = HOURS.model_copy(update=changes)
        return TimeBudget(record, size, writer, lambda *_: 1, begun)

    yield build
    writer.close()


def test_the_time_of_a_command_is_counted_with_what_no_clock_sees(budget_of):
    assert budget_of(used=100).used == pytest.approx(100 + AROUND, abs=20)
    assert budget_of(used=100).left.left == pytest.approx(3500 - AROUND, abs=20)
    assert not budget_of(used=3600).left.is_up
    assert budget_of(used=4000).left.is_up


def test_the_number_of_trials_is_final_when_the_search_has_ended(budget_of, tmp_path, caplog):
    budget = budget_of()
    assert budget.trials(0) == 20
    assert budget.trials_wanted == 20
    budget.search_ended(7)
    assert "search.hours: 7 trials fitted into the time, 20 were planned" in caplog.text
    folder = ResultsFolder(tmp_path / "results")
    record = folder.read_time()
    assert (record.trials, record.proposed) == (20, 7)
    assert folder.trials_wanted(20) == 7
    again = budget_of(**record.model_dump())
    assert again.trials_wanted == again.trials(7) == 7


def test_an_interrupted_sweep_has_used_what_it_noted(budget_of, tmp_path):
    assert budget_of(used=300).close().used_seconds == pytest.approx(300 + AROUND, abs=20)
    record = ResultsFolder(tmp_path / "results").read_time()
    again = budget_of(**record.model_dump())
    assert again.used == pytest.approx(300 + 2 * AROUND, abs=20)


def test_a_killed_process_counts_by_the_log(budget_of, record, tmp_path):
    folder = ResultsFolder(tmp_path / "results")
    lines = [
        record(0, "finish", at="2026-01-01T00:10:00.000+00:00", seconds=60.0),
        record(1, "finish", at="2026-01-09T00:10:00.000+00:00", seconds=30.0),
    ]
    folder.trials.write_text("".join(line.to_json() + "\n" for line in lines))
    assert budget_of().used == pytest.approx(90 + AROUND, abs=20)
    assert budget_of(used_seconds=40.0).used == pytest.approx(90 + AROUND, abs=20)

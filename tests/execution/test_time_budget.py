"""What may still begin in the time of a sweep."""

import time

import pytest

from class_sweep.config.document import parse_space
from class_sweep.execution.time_budget import TimeBudget
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.time_record import TimeRecord
from class_sweep.tuning.milestones import Rungs
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
FULL = 9000
HOURS = TimeRecord(
    hours=1, machine="EPYC, 1 core", samples_per_second=100, trials=20, seeds=0,
    search_seconds=3600, confirm_seconds=0,
)  # fmt: skip


@pytest.fixture
def budget_of(tmp_path):
    writer = ResultsWriter.create(tmp_path / "results", SPACE)
    space = parse_space(SPACE)
    size = SweepSize(space, Rungs.of(space, 1000), FULL)

    def build(used=0.0, **changes):
        begun = time.monotonic() - used
        return TimeBudget(HOURS.model_copy(update=changes), size, writer, begun)

    yield build
    writer.close()


def test_all_planned_trials_are_proposed_while_they_fit(budget_of):
    budget = budget_of()
    assert [budget.trials(proposed) for proposed in range(20)] == [20] * 20
    assert budget.fits(300_000)
    assert not budget.fits(400_000)


def test_no_trial_is_proposed_that_does_not_fit_and_the_folder_knows(budget_of, tmp_path, caplog):
    budget = budget_of(used=3400)
    assert budget.trials(0) == 20  # the fewest trials
    assert budget.trials(2) == 2
    assert budget.trials(5) == 2  # it stays
    assert "no trial after the first 2 is proposed (20 were planned)" in caplog.text
    record = ResultsFolder(tmp_path / "results").read_time()
    assert (record.trials, record.proposed) == (20, 2)
    assert budget_of(**record.model_dump()).trials_wanted == 2
    assert budget.close().used_seconds == pytest.approx(3400, abs=20)


def test_the_rate_moves_to_what_the_log_shows(budget_of, record, monkeypatch):
    budget = budget_of()
    budget.add(record(0, "continue", samples=4000), logged=True)
    assert budget.rate == 100
    now = time.monotonic()
    budget.search_began()
    monkeypatch.setattr(time, "monotonic", lambda: now + 3600)
    assert budget.rate == pytest.approx(100 * 0.1 / 1.1, rel=0.01)
    budget.add(record(0, "finish", samples=9000), logged=False)
    budget.add(record(1, "finish", samples=9000, same_as=0), logged=False)  # not trained
    assert budget.rate == pytest.approx((360 * 100 + 5000) / 3960, rel=0.01)


def test_earlier_processes_count_by_the_log_alone(budget_of, record, tmp_path):
    folder = ResultsFolder(tmp_path / "results")
    lines = [
        record(0, "finish", at="2026-01-01T00:10:00.000+00:00", seconds=60.0),
        record(1, "finish", at="2026-01-09T00:10:00.000+00:00", seconds=30.0),
    ]
    folder.trials.write_text("".join(line.to_json() + "\n" for line in lines))
    assert budget_of().used == pytest.approx(90, abs=20)

"""The tuner: its decisions on reports, and their records in the log."""

import math
from dataclasses import replace

import pytest

from class_sweep.errors import ResultsError, StorageError
from class_sweep.results.callback import Callback
from class_sweep.results.folder import ResultsFolder
from class_sweep.tuning.ledger import TrialLedger
from class_sweep.tuning.pruners.asha import Asha
from class_sweep.tuning.pruners.successive_halving import SuccessiveHalving
from class_sweep.tuning.trial import TrialReport, TrialState
from class_sweep.tuning.tuner import NoTrial

NO_BASELINES = ("baselines: [full_data]", "baselines: []")


@pytest.fixture
def open_tuner(drive):
    """A driver with six running trials."""

    def open_tuner(pruner=None, change=NO_BASELINES, **options):
        driver = drive(change=change, pruner=pruner or Asha(2), **options)
        for _ in range(6):
            driver.ask()
        return driver

    return open_tuner


def test_the_line_is_on_disk_before_the_decision_is_returned(open_tuner):
    driver = open_tuner()
    assert driver.report(0, 0.5, 0) == "continue"
    records = ResultsFolder(driver.folder).records()
    assert [(r.trial, r.objective, r.decision) for r in records] == [(0, 0.5, "continue")]


def test_a_weak_trial_is_pruned_and_a_strong_one_continues(open_tuner):
    driver = open_tuner()
    decisions = [driver.report(n, value, 0) for n, value in enumerate([0.5, 0.6, 0.4])]
    assert decisions == ["continue", "continue", "prune"]


def test_a_lower_mean_rank_is_better(drive, small_space_text):
    text = small_space_text.replace("validation/mrr", "validation/mean_rank")
    driver = drive(text, change=NO_BASELINES, pruner=Asha(2))
    numbers = [driver.ask() for _ in range(3)]
    decisions = [
        driver.report(number, value, 0, metric="split/mean_rank")
        for number, value in zip(numbers, [50.0, 40.0, 60.0], strict=True)
    ]
    assert decisions == ["continue", "continue", "prune"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_fails_the_trial_and_enters_no_cutoff(open_tuner, value):
    driver = open_tuner()
    assert driver.report(0, value, 0) == "fail"
    assert driver.ledger[0].last.reason.startswith("the objective must be a finite number")
    assert driver.ledger[0].last.objective is None
    assert driver.report(1, -1e9, 0) == "continue"  # still the first at its rung
    assert not driver.ledger[1].last.compared


def test_a_missing_objective_fails_the_trial(open_tuner):
    assert open_tuner().report(0, 0.5, 0, metrics={}) == "fail"


def test_the_reason_of_a_failure_is_in_the_log(open_tuner):
    driver = open_tuner()
    failure = "the loss must stay finite"
    metrics = {"split/mrr": 0.5}
    assert driver.report(0, 0.0, 0, metrics=metrics, failure=failure) == "fail"
    record = driver.records()[0]
    assert (record.reason, record.rung) == (failure, None)
    assert (record.objective, record.metrics) == (None, {})


def test_a_failure_in_the_step_of_a_report_has_the_number_of_that_report(open_tuner):
    driver = open_tuner()
    driver.report(0, 0.0, report=1, metrics={}, failure="the loss must stay finite")
    assert [record.report for record in driver.records()] == [0]
    driver.report(1, 0.5, 0)
    driver.report(1, 0.0, report=3, metrics={}, failure="the loss must stay finite")
    assert [record.report for record in driver.records()] == [0, 0, 1]


def test_the_last_report_completes_a_trial_whatever_its_value(open_tuner):
    driver = open_tuner()
    driver.report(0, 0.9)
    assert driver.report(1, 0.1) == "finish"


def test_a_baseline_is_never_pruned_but_reports_at_its_rungs(drive):
    driver = drive(pruner=Asha(2))
    baseline, first, second = (driver.ask() for _ in range(3))
    driver.report(first, 0.5, 0)
    assert driver.report(baseline, 0.1, 0) == "continue"
    assert not driver.ledger[baseline].last.compared
    assert driver.report(second, 0.2, 0) == "prune"  # the cutoff is 0.3, the median of both


def test_a_repeated_report_is_not_written_twice(open_tuner):
    driver = open_tuner()
    driver.report(0, 0.5, 0)
    assert driver.report(0, 0.5, 0) == "continue"
    assert len(driver.records()) == 1


def test_no_report_changes_a_trial_that_has_ended(open_tuner):
    driver = open_tuner()
    driver.report(0, 0.5)
    assert driver.report(0, 0.5, 0) == "finish"
    assert driver.report(0, 0.0, report=9, metrics={}, failure="it was late") == "finish"
    driver.fail(0)
    assert len(driver.records()) == 1


def test_a_resumed_tuner_decides_as_an_uninterrupted_one(open_tuner, drive):
    values = [0.5, 0.6, 0.4, 0.55]
    whole = open_tuner(folder="whole")
    expected = [whole.report(n, value, 0) for n, value in enumerate(values)]
    cut = open_tuner()
    for number in range(2):
        cut.report(number, values[number], 0)
    again = drive(change=NO_BASELINES, pruner=Asha(2))
    assert [again.ask() for _ in range(6)] == list(range(6))
    assert [again.report(n, values[n], 0) for n in (2, 3)] == expected[2:]


def test_a_death_without_a_report_keeps_what_the_log_has(open_tuner):
    driver = open_tuner()
    driver.report(0, 0.5, 0)
    driver.fail(0)
    last = driver.ledger[0].last
    assert (last.decision, last.samples, last.report) == ("fail", 100, 1)
    driver.fail(1)
    assert driver.ledger[1].last.samples == 0
    assert (driver.folder / "errors" / "trial-0000.txt").read_text() == "Traceback"


def test_a_lost_trial_starts_again_before_a_new_one_is_proposed(drive):
    driver = drive(change=NO_BASELINES, pruner=Asha(2), retries=1)
    assert [driver.ask(), driver.ask()] == [0, 1]
    driver.fail(0)
    assert driver.ask() == 0
    assert driver.ask() == 2
    assert not driver.records()


def test_a_trial_fails_after_more_deaths_than_retries_between_two_reports(drive):
    driver = drive(change=NO_BASELINES, pruner=Asha(2), retries=2)
    driver.ask()
    for _ in range(2):
        driver.fail(0)
        assert driver.ask() == 0
    assert driver.report(0, 0.5, 0) == "continue"  # from here on the deaths count anew
    for _ in range(2):
        driver.fail(0)
        assert driver.ask() == 0
    assert driver.ledger[0].last.decision == "continue"
    driver.fail(0)
    assert driver.ledger[0].state is TrialState.FAILED
    assert driver.ledger[0].last.reason == "its process died"
    kept = (driver.folder / "errors" / "trial-0000.txt").read_text()
    assert kept == "Traceback\nTraceback\nTraceback"
    assert driver.ask() == 1


def test_want_of_memory_of_the_machine_fails_a_trial_ten_times_as_late(drive):
    driver = drive(change=NO_BASELINES, pruner=Asha(2), retries=2)
    driver.ask()
    for _ in range(20):
        driver.fail(0, short_of_memory=True)
        assert driver.ask() == 0
    driver.fail(0, short_of_memory=True)
    assert driver.ledger[0].state is TrialState.FAILED


def test_deaths_for_want_of_memory_leave_the_retries_of_other_deaths(drive):
    driver = drive(change=NO_BASELINES, pruner=Asha(2), retries=2)
    driver.ask()
    for _ in range(5):
        driver.fail(0, short_of_memory=True)
        assert driver.ask() == 0
    driver.fail(0)
    assert driver.ask() == 0
    driver.fail(0)
    assert driver.ledger[0].state is TrialState.FAILED


def test_a_paused_trial_whose_worker_dies_stays_paused(drive):
    driver = drive(change=NO_BASELINES, pruner=SuccessiveHalving([1]))
    driver.tuner.tell(driver.ask(), report_at_rung(0.4))
    driver.fail(0)  # while the worker saved its checkpoint
    assert driver.ledger[0].state is TrialState.PAUSED
    assert not driver.ledger.on_worker
    assert not (driver.folder / "errors").exists()


def report_at_rung(value):
    return TrialReport(0, 100, 100, 0, False, {"split/mrr": value}, 1.0)


def test_the_traceback_of_a_trial_that_raised_is_kept(open_tuner):
    driver = open_tuner()
    raised = {"metrics": {}, "failure": "KeyError: 'x'", "traceback": "Trace…"}
    assert driver.report(2, 0.0, 0, **raised) == "fail"
    assert (driver.folder / "errors" / "trial-0002.txt").read_text() == "Trace…"


def test_a_report_that_cannot_be_logged_changes_nothing(open_tuner, monkeypatch):
    driver = open_tuner()

    def full(_):
        raise StorageError("a report must be written down: No space left on device")

    monkeypatch.setattr(driver.writer, "append", full)
    with pytest.raises(StorageError, match="No space left"):
        driver.report(0, 0.5, 0)
    assert driver.ledger[0].last is None


def test_an_evicted_paused_trial_is_pruned_in_a_line_of_its_own(open_tuner):
    driver = open_tuner(SuccessiveHalving([1]))
    assert driver.report(0, 0.4, 0) == "pause"
    assert driver.report(1, 0.3, 0) == "prune"
    assert driver.report(2, 0.5, 0) == "pause"
    records = driver.records()
    assert [(r.trial, r.report, r.rung, r.decision) for r in records] == [
        (0, 0, 0, "pause"), (1, 0, 0, "prune"), (2, 0, 0, "pause"), (0, 1, None, "prune"),
    ]  # fmt: skip
    assert records[-1].objective == 0.4
    assert records[-1].samples == 100
    assert records[-1].compared  # counts as a decision at its rung


def test_a_log_that_lost_the_record_of_an_eviction_is_completed(open_tuner, drive):
    driver = open_tuner(SuccessiveHalving([1]))
    for number, value in enumerate([0.4, 0.3, 0.5]):
        driver.report(number, value, 0)
    *before, evicted = driver.records()
    driver.writer.folder.trials.write_text("".join(r.to_json() + "\n" for r in before))
    again = drive(change=NO_BASELINES, pruner=SuccessiveHalving([1]))
    assert replace(again.records()[-1], at="") == replace(evicted, at="")
    assert again.ledger[2].state is TrialState.PAUSED


def test_a_paused_trial_continues_only_after_its_promotion(open_tuner, drive):
    driver = open_tuner(
        SuccessiveHalving([1]), change=("trials: 8, seed: 3, baselines: [full_data]",
                                        "trials: 1, seed: 3, baselines: []"),
    )  # fmt: skip
    assert driver.report(0, 0.4, 0) == "pause"
    # Its worker died while it was being stopped, and Ray Tune started it again.
    assert driver.report(0, 0.4, 0) == "pause"
    assert driver.report(0, 0.6) == "pause"
    assert driver.ledger.written == 1
    assert driver.ask() == 0
    assert driver.report(0, 0.4, 0) == "continue"  # its checkpoint was damaged
    assert driver.report(0, 0.6) == "finish"


def test_a_record_of_a_trial_that_the_study_lacks_is_refused(open_tuner):
    driver = open_tuner()
    driver.report(0, 0.4, 0)
    ledger = TrialLedger(driver.writer, Callback())  # without the trials of a restored study
    with pytest.raises(ResultsError, match=r"study\.db must hold every trial of trials\.jsonl"):
        ledger.fold(driver.records()[0])


def test_slots_limit_the_trials_on_workers_and_0_slots_stop_the_sweep(drive):
    slots = [2]
    driver = drive(slots=lambda _: slots[0])
    first, _ = driver.ask(), driver.ask()
    assert driver.ask() is NoTrial.WAIT
    driver.report(first, 0.5)
    assert driver.ask() == 2
    slots[0] = 0
    assert driver.ask() is NoTrial.FINISHED

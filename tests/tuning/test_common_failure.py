"""A run whose first trials all fail for one reason stops; a failing region of an axis does not."""

import pytest

from class_sweep.tuning.common_failure import FAILURES, CommonFailure
from class_sweep.tuning.pruners.asha import Asha
from class_sweep.tuning.trial import TrialState
from class_sweep.tuning.tuner import NoTrial

NO_BASELINES = ("baselines: [full_data]", "baselines: []")
MISSING = "EncoderError: tinybert is not on this machine"
NAN = "the loss must stay finite, got nan at step 12"


@pytest.fixture
def open_tuner(drive):
    def open_tuner(change=NO_BASELINES, failures=3, **options):
        return drive(change=change, pruner=Asha(2), failures=failures, **options)

    return open_tuner


def fail(driver, reason=MISSING, trials=1):
    for _ in range(trials):
        driver.report(driver.ask(), 0.0, 0, metrics={}, failure=reason)


def test_no_trial_starts_after_the_first_ones_failed_for_one_reason(open_tuner):
    driver = open_tuner()
    fail(driver, trials=2)
    assert driver.tuner.common_failure is None
    fail(driver)
    assert driver.ask() is NoTrial.FINISHED
    failure = driver.tuner.common_failure
    assert (failure.count, failure.reason) == (3, MISSING)
    assert driver.tuner.left == 5


def test_baselines_and_lost_workers_count(open_tuner):
    driver = open_tuner(change=("baselines: [full_data]", "baselines: [full_data, paper]"))
    for _ in range(3):
        driver.fail(driver.ask())
    assert [trial.name for trial in driver.ledger.trials()] == ["full_data", "paper", None]
    assert driver.tuner.common_failure.reason == "its process died"


@pytest.mark.parametrize("order", [(0.5, NAN, NAN, NAN), (NAN, NAN, 0.5, NAN)])
def test_one_trial_with_a_value_shows_that_others_can_work(open_tuner, order):
    driver = open_tuner()
    for outcome in order:
        if outcome is NAN:
            fail(driver, NAN)
        else:
            driver.report(driver.ask(), outcome)
    assert driver.tuner.common_failure is None
    assert driver.ask() == 4


def test_a_first_report_is_a_value(open_tuner):
    driver = open_tuner()
    driver.report(driver.ask(), 0.5, 0)
    fail(driver, NAN, trials=4)
    assert driver.tuner.common_failure is None


def test_running_trials_are_waited_for_and_may_show_that_others_can_work(open_tuner):
    driver = open_tuner()
    running = driver.ask()
    fail(driver, trials=3)
    assert driver.ask() is NoTrial.WAIT
    driver.report(running, 0.5, 0)
    assert driver.ask() == 4


def test_a_second_reason_is_no_common_one(open_tuner):
    driver = open_tuner()
    fail(driver, trials=2)
    fail(driver, NAN, trials=4)
    assert driver.tuner.common_failure is None


def test_a_resumed_sweep_tries_as_many_trials_again(open_tuner):
    fail(open_tuner(), trials=3)
    driver = open_tuner()
    assert driver.ask() == 3
    fail(driver, trials=2)
    assert driver.tuner.common_failure is None
    driver.fail(3)
    assert driver.tuner.common_failure is None  # two reasons


def test_a_resumed_sweep_stops_if_its_trials_fail_where_earlier_ones_worked(open_tuner):
    driver = open_tuner()
    driver.report(driver.ask(), 0.5)
    driver = open_tuner()
    fail(driver, trials=3)
    assert driver.tuner.common_failure.reason == MISSING


def test_a_reason_that_occurred_while_others_worked_stops_no_resumed_sweep(open_tuner):
    driver = open_tuner()
    fail(driver, NAN)
    driver.report(driver.ask(), 0.5)
    driver = open_tuner()
    fail(driver, NAN.replace("12", "7"), trials=4)
    assert driver.tuner.common_failure is None


def test_failed_trials_that_are_run_again_count_as_well(open_tuner):
    driver = open_tuner()
    fail(driver, trials=3)
    failed = [trial.last for trial in driver.ledger.trials()]
    driver = open_tuner()
    driver.tuner.rerun(failed)
    fail(driver, trials=3)
    assert [trial.rerun_of for trial in driver.ledger.in_state(TrialState.FAILED).values()][3:] == [
        0, 1, 2,
    ]  # fmt: skip
    assert driver.ask() is NoTrial.FINISHED


@pytest.mark.parametrize(
    "other",
    [
        "the loss must stay finite, got inf at step 3",
        "the loss must stay finite, got -1.5e+20 at step 1234",
    ],
)
def test_reasons_are_the_same_without_their_numbers(other):
    failure = CommonFailure(2)
    failure.add(NAN)
    failure.add(other)
    assert failure.reason == NAN


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("KeyError: 'a'", "ValueError: 'a'"),
        ("EncoderError: no model tinybert", "EncoderError: no model scibert"),
    ],
)
def test_reasons_of_another_type_or_text_differ(one, two):
    failure = CommonFailure(2)
    failure.add(one)
    failure.add(two)
    assert failure.reason is None


def test_the_addresses_of_objects_are_numbers():
    failure = CommonFailure(2)
    failure.add("TypeError: <Trainer object at 0x7f2a90b3> in actor 5d56c0ffee")
    failure.add("TypeError: <Trainer object at 0x7f11aa00> in actor 0badc0ffee")
    assert failure.reason is not None


def test_there_is_no_limit_by_default(drive):
    driver = drive(change=NO_BASELINES, pruner=Asha(2))
    fail(driver, trials=FAILURES + 1)
    assert driver.ask() == FAILURES + 1

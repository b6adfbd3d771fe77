"""Paused trials and their duplicates: the tuner, its study and its pruner together."""

import pytest
from optuna.trial import TrialState as OptunaState

from class_sweep.tuning.samplers.sampler import Sampler, sampler_for_trial
from class_sweep.tuning.trial import TrialReport, TrialState
from class_sweep.tuning.tuner import NoTrial

HALVING = "pruning: {grace_epochs: 1, reduction_factor: 2, min_kept: 1}"  # of 4: 2 continue, then 1


@pytest.fixture
def text(small_space_text):
    """Four sampled trials, with rungs at 100 and 200 samples and their end at 300."""
    text = small_space_text.replace("trials: 8", "trials: 4").replace("[full_data]", "[]")
    text = text.replace("pruning: {grace_epochs: 1, reduction_factor: 2}", HALVING)
    assert HALVING in text
    return text


@pytest.fixture
def start(drive, text):
    return lambda **options: drive(text, **options)


def report_all(driver, values):
    """Start a trial for each value, and report the value at the first rung."""
    for value in values:
        driver.report(driver.ask(), value, 0)


def test_the_best_of_all_are_promoted_rung_by_rung(start):
    driver = start()
    report_all(driver, [0.1, 0.4, 0.3, 0.2])
    assert [driver.ask(), driver.ask()] == [1, 2]
    assert driver.ask() is NoTrial.WAIT  # either may be paused again
    assert driver.report(1, 0.5, 1) == "pause"
    assert driver.ask() is NoTrial.WAIT  # the other may be better
    assert driver.report(2, 0.6, 1) == "pause"
    assert driver.ask() == 2
    assert driver.report(2, 0.7) == "finish"
    assert driver.ask() is NoTrial.FINISHED
    states = [trial.state for trial in driver.in_file()]
    assert states == [OptunaState.PRUNED] * 2 + [OptunaState.COMPLETE, OptunaState.PRUNED]
    assert [trial.intermediate_values for trial in driver.in_file()] == [
        {100: 0.1}, {100: 0.4, 200: 0.5}, {100: 0.3, 200: 0.6, 300: 0.7}, {100: 0.2},
    ]  # fmt: skip


@pytest.mark.parametrize("killed", [False, True])
def test_the_report_of_a_paused_trial_is_in_the_study_and_shown_to_samplers(
    start, killed, monkeypatch
):
    driver = start()
    number = driver.ask()
    report = TrialReport(0, 9, 104, 0, False, {"split/mrr": 0.4}, 1.0)
    if killed:  # between the log and the study
        monkeypatch.setattr(driver.tuner._study, "tell", lambda *_: None)
        driver.tuner.tell(number, report)
        assert driver.in_file()[0].intermediate_values == {}
        driver = start()
    else:
        driver.tuner.tell(number, report)
        driver.tuner.release(number)
    study = driver.tuner._study._study
    assert study.trials[0].state == OptunaState.RUNNING
    with driver.storage.sampler_view():
        [seen] = study.get_trials(deepcopy=False)
    assert seen.state == OptunaState.PRUNED
    assert seen.intermediate_values == {100: 0.4}  # at the rung, not where the batch ended
    driver.report(driver.ask(), 0.5, 0)
    assert driver.in_file()[1].intermediate_values == {100: 0.5}


def test_a_trial_that_lost_its_worker_starts_before_a_paused_trial_is_promoted(start):
    driver = start()
    report_all(driver, [0.1, 0.4, 0.3])
    lost = driver.ask()
    driver.tuner.release(lost)
    assert driver.ask() == lost == 3  # though no report of it can evict trial 1
    assert driver.ask() == 1
    driver.tuner.begin_round()  # a round that ended early; the promotion is made again
    assert [driver.ask(), driver.ask()] == [1, lost]
    assert start().ask() == lost


def test_trials_of_one_plan_take_one_capacity_and_are_trained_once(start, monkeypatch):
    def plan_of(settings):
        return "same" if settings.curriculum.alpha > 0.5 else str(settings.curriculum.alpha)

    # As in a sweep that an earlier version began: repeats are trials.
    monkeypatch.setattr(Sampler, "attempts", lambda *asked: [sampler_for_trial(*asked)])
    driver = start(plan_of=plan_of)
    started = []
    while (number := driver.ask()) is not NoTrial.WAIT:
        started.append(number)
    alphas = {t.number: t.config["curriculum.alpha"] for t in driver.ledger.trials()}
    alike = [trial for trial, alpha in sorted(alphas.items()) if alpha > 0.5]
    assert len(alike) > 1
    assert set(started) == set(alphas) - set(alike[1:])
    for number in started:
        driver.report(number, 0.9 if number == alike[0] else 0.1 * number, 0)
    rung = 1
    while (number := driver.ask()) is not NoTrial.FINISHED:
        best = number == alike[0]
        driver.report(number, 0.9 if best else 0.1, rung if not best or rung == 1 else None)
        rung += best
    assert {driver.ledger[trial].state for trial in alike} == {TrialState.COMPLETE}
    assert {driver.ledger[trial].last.same_as for trial in alike[1:]} == {alike[0]}
    assert driver.tuner.left == 0


def test_a_duplicate_of_a_failed_trial_is_trained(start):
    driver = start(plan_of=lambda _: "same")
    first = driver.ask()
    assert driver.ask() is NoTrial.WAIT
    driver.fail(first)
    assert driver.ask() == 1
    assert driver.ask() is NoTrial.WAIT


def test_a_duplicate_waits_again_after_a_kill(start):
    driver = start(plan_of=lambda _: "same")
    first = driver.ask()
    assert driver.ask() is NoTrial.WAIT
    driver.report(first, 0.5, 0)
    again = start(plan_of=lambda _: "same")  # the first trial is paused, three are duplicates
    assert again.ask() == 0
    assert again.ask() is NoTrial.WAIT
    assert again.report(0, 0.6, 1) == "pause"
    assert again.report(again.ask(), 0.7) == "finish"
    assert again.ask() is NoTrial.FINISHED
    assert again.tuner.left == 0
    assert {again.ledger[n].last.same_as for n in (1, 2, 3)} == {0}
    assert {t.state for t in again.in_file()} == {OptunaState.COMPLETE}


@pytest.mark.parametrize("killed", [False, True])
def test_a_duplicate_waits_for_a_baseline_and_no_baseline_waits(start, killed):
    options = {
        "plan_of": lambda _: "same",
        "change": ("baselines: []", "baselines: [full_data, paper]"),
    }
    driver = start(**options)
    assert [driver.ask(), driver.ask()] == [0, 1]
    assert driver.ask() is NoTrial.WAIT  # the other two are duplicates
    if killed:
        driver = start(**options)
        assert [driver.ask(), driver.ask()] == [0, 1]
        assert driver.ask() is NoTrial.WAIT
    for number in (0, 1):
        driver.report(number, 0.5)
    assert driver.ask() is NoTrial.FINISHED
    trials = driver.ledger.trials()
    assert {trial.state for trial in trials} == {TrialState.COMPLETE}
    assert [trial.is_copy for trial in trials] == [False, False, True, True]


def test_a_report_and_a_failure_after_the_end_change_nothing(start):
    driver = start()
    report_all(driver, [0.4, 0.3, 0.2, 0.1])
    driver.report(driver.ask(), 0.5, 1)
    written = driver.ledger.written
    pruned = next(t for t in driver.ledger.trials() if t.state is TrialState.PRUNED)
    last = pruned.last
    driver.fail(pruned.number)
    driver.report(pruned.number, 0.9, 1)
    assert driver.ledger.written == written
    assert pruned.last == last


@pytest.mark.long
def test_thousands_of_duplicates_wait_and_are_released(start):
    many = {"plan_of": lambda _: "same", "change": ("trials: 4", "trials: 1500")}
    driver = start(**many)
    first = driver.ask()
    assert driver.ask() is NoTrial.WAIT
    assert driver.tuner.left == 1500
    driver.fail(first)
    assert driver.ask() == 1
    assert start(**many).ask() == 1


def test_a_sweep_stopped_while_duplicates_wait_is_continued(start):
    slots = [4]
    driver = start(plan_of=lambda _: "same", slots=lambda _: slots[0])
    first = driver.ask()
    slots[0] = 0
    assert driver.ask() is NoTrial.FINISHED
    driver.report(first, 0.4, 0)
    assert start(plan_of=lambda _: "same").ask() == 0


def test_a_rerun_that_was_cut_is_not_proposed_twice(start):
    driver = start()
    first = driver.ask()
    driver.fail(first)
    failed = [driver.ledger[first].last]
    driver.tuner.rerun(failed)
    driver.tuner.rerun(failed)
    assert len(driver.ledger.in_state(TrialState.PROPOSED)) == 1
    again = start()
    again.tuner.rerun(failed)
    assert len(again.ledger) == 2
    assert again.ask() == 1

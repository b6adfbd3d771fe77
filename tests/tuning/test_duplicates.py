"""Duplicates: trials of one plan are trained once, and the others get copies of its reports."""

import optuna
import pytest

from class_sweep.results.callback import Callback
from class_sweep.results.folder import ResultsFolder
from class_sweep.results.trials import trials_of
from class_sweep.tuning.ledger import MemoryLog, TrialLedger
from class_sweep.tuning.pruners.asha import Asha
from class_sweep.tuning.trial import Trial
from class_sweep.tuning.tuner import NoTrial

SPACE = """\
data: {source: names}
text_encoder: {kind: lsa}
molecule_encoder: {kind: morgan}
backbone: {name: contrastive, hidden: 4, dimension: 4}
curriculum: {order: {choice: [easy_first, hard_first, random]}, alpha: 0.5, beta: 0.1}
optimizer: {batch_size: 4}
budget: {epochs: 4}
search: {trials: 8, sampler: random, seed: 5}
pruning: {grace_epochs: 1, reduction_factor: 2}
"""


@pytest.fixture
def drive_orders(drive):
    """A driver of trials that differ in their order alone."""

    def drive_orders():
        return drive(SPACE, plan_of=lambda settings: settings.curriculum.order, pruner=Asha(2))

    return drive_orders


def order_of(driver, number):
    return driver.ledger[number].config["curriculum.order"]


def run_out(driver):
    """Run every trial to its end; return the orders that were trained."""
    trained = []
    while not isinstance(number := driver.ask(), NoTrial):
        trained.append(order_of(driver, number))
        if driver.report(number, 0.3, 0) == "continue":
            driver.report(number, 0.1 * len(trained))
    return trained


def test_a_plan_is_trained_once(drive_orders, tmp_path):
    driver = drive_orders()
    trained = run_out(driver)
    assert len(trained) == len(set(trained)) < 8
    records = driver.records()
    trials = trials_of(records)
    assert trials.count == 8
    assert trials.repeated == 8 - len(trained)
    assert trials.samples == sum(  # the copies cost nothing
        driver.ledger[n].last.samples for n in range(8) if not driver.ledger[n].is_copy
    )
    curves = {}
    for record in records:
        curves.setdefault(record.trial, []).append(record)
    for copy in (curve for curve in curves.values() if curve[0].same_as is not None):
        original = curves[copy[0].same_as]
        assert [(r.samples, r.objective, r.decision) for r in copy] == [
            (r.samples, r.objective, r.decision) for r in original
        ]
        assert copy[0].config == original[0].config
        assert {(r.rung, r.compared, r.seconds) for r in copy} == {(None, False, 0.0)}
    complete = [t for t in driver.in_file() if t.state == optuna.trial.TrialState.COMPLETE]
    assert len(complete) == len(trials.finished)
    for trial in complete:
        assert trial.value == curves[trial.number][-1].objective
        assert len(trial.intermediate_values) == 2


def test_a_resumed_sweep_copies_the_same_trials(drive_orders):
    driver = drive_orders()
    first = driver.ask()
    driver.report(first, 0.5)
    second = driver.ask()
    orders = [order_of(driver, number) for number in (first, second)]
    assert orders[0] != orders[1]
    trained = run_out(drive_orders())  # the driver was killed
    assert trained[0] == orders[1]
    assert orders[0] not in trained


def test_a_copy_that_was_cut_short_is_completed(drive_orders, monkeypatch):
    driver = drive_orders()
    first = driver.ask()
    driver.report(first, 0.3, 0)
    driver.report(first, 0.4)
    append, copied = driver.ledger.append, []

    def killed(record):
        if record.same_as is not None and copied:
            raise KeyboardInterrupt
        if record.same_as is not None:
            copied.append(record)
        append(record)

    monkeypatch.setattr(driver.ledger, "append", killed)
    with pytest.raises(KeyboardInterrupt):
        run_out(driver)
    again = drive_orders()
    run_out(again)
    for trial in range(8):
        reports = [r.report for r in ResultsFolder(again.folder).records_of(trial)]
        assert reports == sorted(set(reports))
    assert trials_of(again.records()).count == 8


def test_a_baseline_needs_a_complete_curve(record):
    ledger = TrialLedger(MemoryLog(), Callback())
    trials = [Trial(n, {}, "", "plan", name) for n, name in enumerate([None, None, "paper", None])]
    for trial in trials:
        ledger.add(trial)
    sampled, baseline = trials[3], trials[2]
    assert ledger.original_of(sampled) is None
    ledger.append(record(0, "prune"))
    assert ledger.original_of(sampled) is trials[0]
    assert ledger.original_of(baseline) is None
    ledger.append(record(1, "finish"))
    assert ledger.original_of(sampled) is ledger.original_of(baseline) is trials[1]
    assert ledger.original_of(Trial(4, {}, "", "another plan")) is None

"""Failed trials teach the sampler, and count nowhere else."""

import math
from statistics import fmean

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from class_sweep.config.document import parse_space
from class_sweep.results.callback import Callback
from class_sweep.tuning import study_storage
from class_sweep.tuning.ledger import MemoryLog, TrialLedger
from class_sweep.tuning.pruner_groups import PrunerGroups
from class_sweep.tuning.sampler_view import SamplerView
from class_sweep.tuning.simulate import Simulation
from class_sweep.tuning.study import OptunaStudy
from class_sweep.tuning.study_storage import FileStorage, MemoryStorage
from class_sweep.tuning.trial import TrialReport
from class_sweep.tuning.tuner import Limits, SweepTuner

SPACE = """\
data: {{source: names}}
text_encoder: {{kind: lsa}}
molecule_encoder: {{kind: morgan}}
backbone: {{name: contrastive}}
curriculum: {{alpha: {{uniform: [0.2, 0.8], step: 0.1}}}}
optimizer: {{lr: {lr}}}
budget: {{epochs: 4}}
search: {{trials: {trials}, sampler: {sampler}, seed: {seed}, baselines: [], full_data_trials: 0}}
pruning: {{kind: {pruning}}}
objective: validation/mrr
"""
RUNGS = [100, 200]
DIVERGES = 0.03  # from this learning rate on a trial fails: 42 % of the axis
NAN = "the loss must stay finite, got nan"


def value_of(config):
    """The value of a trial, which is best at a learning rate of 3e-3 and at α = 0.6."""
    return (
        0.5
        - 0.1 * abs(math.log10(config["optimizer.lr"] / 3e-3))
        - 0.1 * abs(config["curriculum.alpha"] - 0.6)
    )


def curve_of(trial):
    """The reports of a trial; it diverges after its first report, or before it."""
    at = [*enumerate(RUNGS), (None, 300)]
    lr, value = trial.config["optimizer.lr"], value_of(trial.config)
    fails = None if lr < DIVERGES else 0 if lr > 1 else 1
    return [
        TrialReport(
            number, samples, samples, rung, rung is None, {} if number == fails else
            {"split/mrr": value * samples / 300}, 0.1, 0, NAN if number == fails else None,
        )
        for number, (rung, samples) in enumerate(at)
    ]  # fmt: skip


def simulate(
    sampler, seed, *, trials=24, pruning="none", lr="{loguniform: [1e-4, 10]}", folder=None
):
    """The records of a simulated sweep, and its study."""
    space = parse_space(
        SPACE.format(sampler=sampler, seed=seed, trials=trials, pruning=pruning, lr=lr)
    )
    log = MemoryLog()
    storage = MemoryStorage() if folder is None else FileStorage(folder / "study.db")
    rungs = [] if pruning == "none" else RUNGS
    study = OptunaStudy(space, storage, rungs=rungs)
    tuner = SweepTuner(
        space.objective, study, TrialLedger(log, Callback()),
        PrunerGroups.of(space, len(rungs)), limits=Limits(lambda _: 1),
    )  # fmt: skip
    Simulation(tuner, curve_of).run()
    return log.records, study


def failed_share(sampler, seeds, **options):
    """The share of the trials that failed, and the mean of the best values."""
    failed, best = [], []
    for seed in seeds:
        ends = [record for record in simulate(sampler, seed, **options)[0] if record.ended]
        failed.append(fmean(record.decision == "fail" for record in ends))
        best.append(max((r.objective for r in ends if r.decision == "finish"), default=0.0))
    return fmean(failed), fmean(best)


class Untaught(SamplerView):
    """The view without failed trials."""

    def of(self, trials):
        return [trial for trial in super().of(trials) if 0 not in trial.intermediate_values]


@pytest.mark.parametrize(("sampler", "at_most"), [("tpe", 0.5), ("cmaes", 0.85)])
def test_a_sampler_proposes_fewer_failing_trials(sampler, at_most, monkeypatch):
    failed, best = failed_share(sampler, range(10))
    monkeypatch.setattr(study_storage, "SamplerView", Untaught)
    failed_untaught, best_untaught = failed_share(sampler, range(10))
    assert failed <= at_most * failed_untaught
    # The 24 trials of CMA-ES are four generations; its best values differ by noise.
    assert sampler == "cmaes" or best > best_untaught


@pytest.mark.parametrize("sampler", ["random", "grid"])
def test_a_sampler_that_does_not_learn_proposes_the_same(sampler, monkeypatch):
    options = {"trials": 12, "lr": "{choice: [1.0e-4, 1.0e-3, 1.0e-1, 1.0]}"}
    configs = [record.config for record in simulate(sampler, 1, **options)[0]]
    monkeypatch.setattr(study_storage, "SamplerView", Untaught)
    assert configs == [record.config for record in simulate(sampler, 1, **options)[0]]
    assert any(config["optimizer.lr"] >= DIVERGES for config in configs)


def test_the_study_has_failed_trials_without_a_value_and_its_best_trial_is_a_finished_one(tmp_path):
    records, study = simulate("tpe", 0, pruning="successive_halving", folder=tmp_path)
    failed = {record.trial for record in records if record.decision == "fail"}
    finished = {r.trial: r.objective for r in records if r.decision == "finish"}
    for trials in (study._study.trials, read(tmp_path)):
        assert {t.number for t in trials if t.state == TrialState.FAIL} == failed != set()
        assert all(t.values is None for t in trials if t.number in failed)
        assert all(0 not in t.intermediate_values for t in trials)
    assert study._study.best_trial.number == max(finished, key=finished.__getitem__)


def read(folder):
    return optuna.load_study(
        study_name="class-sweep", storage=f"sqlite:///{folder}/study.db"
    ).trials


def trial_of(state, at=None, value=None, **attributes) -> FrozenTrial:
    return create_trial(
        state=state, value=value, params={"x": 0.5}, distributions={"x": FloatDistribution(0, 1)},
        intermediate_values=at or {}, user_attrs=attributes,
    )  # fmt: skip


def numbered(*trials):
    for number, trial in enumerate(trials):
        trial.number = number
    return trials


def seen(trials, direction=StudyDirection.MAXIMIZE):
    return {
        t.number: (t.state, t.intermediate_values)
        for t in SamplerView(trials, direction).of(trials)
    }


@pytest.mark.parametrize(
    ("direction", "worst"), [(StudyDirection.MAXIMIZE, 0.1), (StudyDirection.MINIMIZE, 0.7)]
)
def test_a_failed_trial_is_seen_as_pruned_with_the_worst_value_before_the_first_rung(
    direction, worst
):
    trials = numbered(
        trial_of(TrialState.COMPLETE, {100: 0.2, 300: 0.7}, 0.7),
        trial_of(TrialState.PRUNED, {100: 0.1}),
        trial_of(TrialState.FAIL, {100: 0.9}),  # it was good until it diverged
        trial_of(TrialState.RUNNING, {100: 0.3}),
        trial_of(TrialState.RUNNING),
    )
    pruned = TrialState.PRUNED
    assert seen(trials, direction) == {
        0: (TrialState.COMPLETE, {100: 0.2, 300: 0.7}), 1: (pruned, {100: 0.1}),
        2: (pruned, {0: worst}), 3: (pruned, {100: 0.3}), 4: (TrialState.RUNNING, {}),
    }  # fmt: skip
    assert trials[2].state == TrialState.FAIL
    assert trials[2].intermediate_values == {100: 0.9}


def test_a_failed_trial_that_was_run_again_is_not_seen():
    trials = numbered(
        trial_of(TrialState.FAIL), trial_of(TrialState.FAIL),
        trial_of(TrialState.COMPLETE, {300: 0.7}, 0.7, rerun_of=0),
    )  # fmt: skip
    assert seen(trials).keys() == {1, 2}


@pytest.mark.parametrize(("scored", "visible"), [(0, []), (1, range(11, 20)), (2, range(2, 20))])
def test_no_more_than_nine_failed_trials_are_seen_for_each_trial_with_a_value(scored, visible):
    """TPE's best tenth then has no failed trial in it; without a value nothing is seen."""
    finished = [trial_of(TrialState.COMPLETE, {300: 0.7}, 0.7) for _ in range(scored)]
    trials = numbered(*finished, *(trial_of(TrialState.FAIL) for _ in range(20 - scored)))
    assert [number for number in seen(trials) if number >= scored] == list(visible)

"""Repeats: a proposal with the plan of an earlier one becomes no trial while there are others."""

from dataclasses import replace
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from class_sweep.config.components import SAMPLERS
from class_sweep.config.document import parse_space
from class_sweep.config.extension import with_trials
from class_sweep.results.warm_start import COLD, WarmStart
from class_sweep.tuning.ledger import blank_record
from class_sweep.tuning.study import OptunaStudy
from class_sweep.tuning.study_storage import MemoryStorage

SPACE = """\
data: {{source: names}}
text_encoder: {{kind: lsa}}
molecule_encoder: {{kind: morgan}}
backbone: {{name: contrastive}}
curriculum: {{alpha: {alpha}, beta: {{uniform: [0.1, 0.4], step: 0.1}}}}
optimizer: {{lr: 1e-3, weight_decay: {{uniform: [0.1, 0.3], step: 0.1}}}}
budget: {{epochs: 4}}
search:
  {{trials: {trials}, sampler: {sampler}, seed: {seed}, baselines: [{baselines}],
    full_data_trials: {own}}}
pruning: {{kind: none}}
"""
FIVE, SIXTY = "{uniform: [0.1, 0.9], step: 0.2}", "{uniform: [0.2, 0.79], step: 0.01}"
GRID = 5 * 4 * 3


def space_of(trials, sampler="random", alpha=FIVE, baselines="", own=0, seed=0):
    return parse_space(
        SPACE.format(
            trials=trials, sampler=sampler, alpha=alpha, baselines=baselines, own=own, seed=seed
        )
    )


def alpha_of(trial_settings):
    return f"{trial_settings.curriculum.alpha:.2f}"


class Sweep:
    """A study whose trials finish at once; another one may go on over the same storage or log."""

    def __init__(self, space, plan_of=alpha_of, *, storage=None, log=(), warm_start=COLD):
        self.storage, self.log = storage or MemoryStorage(), list(log)
        self.study = OptunaStudy(space, self.storage, plan_of, warm_start=warm_start)
        self.study.restore(self.log)
        self.trials = self.study.stored()

    def run(self, trials):
        while len(self.trials) < trials:
            number = len(self.trials)
            trial = self.study.propose(number, self.trials[-1] if number else None)
            value = -abs(trial.config.get("curriculum.alpha", 1) - 0.5)
            record = blank_record(trial)
            self.log.append(replace(record, decision="finish", objective=value))
            self.study.tell(self.log[-1])
            self.trials.append(trial)
        return self.trials


def plans(trials):
    return [trial.plan for trial in trials]


@pytest.mark.parametrize("sampler", sorted(set(SAMPLERS) - {"grid"}))
def test_each_trial_has_a_plan_of_its_own_while_there_are_many(sampler):
    sweep = Sweep(space_of(24, sampler, SIXTY))
    assert len(set(plans(sweep.run(24)))) == 24
    stored = sweep.storage.get_all_trials(0)
    assert [trial.number for trial in stored] == list(range(24))  # dropped draws leave nothing
    assert [trial.params for trial in stored] == [trial.config for trial in sweep.trials]


@pytest.mark.parametrize("sampler", sorted(set(SAMPLERS) - {"grid"}))
def test_a_space_with_few_plans_has_each_before_the_first_repeat_and_ends(sampler):
    made = plans(Sweep(space_of(12, sampler)).run(12))
    assert len(set(made[:5])) == 5
    assert len(made) == 12


@settings(max_examples=8)
@given(st.integers(1, GRID), st.integers(1, 20), st.integers(0, 99))
def test_a_grid_has_each_plan_before_the_first_repeat(trials, different, seed):
    def plan_of(trial_settings):
        values = f"{trial_settings.curriculum.alpha} {trial_settings.curriculum.beta}"
        return str(crc32(values.encode()) % different)

    space = space_of(trials, "grid", seed=seed)
    everything = {plan_of(space.resolve(space.grid_of_axes.point(index))) for index in range(GRID)}
    made = Sweep(space, plan_of).run(trials)
    assert len(set(plans(made[: len(everything)]))) == min(trials, len(everything))
    assert len({tuple(sorted(trial.config.items())) for trial in made}) == trials  # points


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("lost", [False, True])
def test_a_sweep_that_goes_on_proposes_the_same(sampler, lost):
    space = space_of(12, sampler, baselines="full_data")
    whole = [trial.config for trial in Sweep(space).run(12)]
    for cut in (4, 10):  # the latter is among the repeats
        begun = Sweep(space)
        begun.run(cut)
        kept = {"log": begun.log} if lost else {"storage": CopyOf(begun.storage)}
        assert [trial.config for trial in Sweep(space, **kept).run(12)] == whole


class CopyOf(MemoryStorage):
    """A study in memory that begins with the trials of another."""

    def __init__(self, other):
        super().__init__()
        self._first = other.get_all_trials(0)

    def create_new_study(self, directions, study_name=None):
        study_id = super().create_new_study(directions, study_name)
        for trial in self._first:
            self.create_new_trial(study_id, trial)
        return study_id


@pytest.mark.parametrize("sampler", ["random", "grid"])
def test_repeats_of_an_earlier_version_stay_and_new_ones_are_dropped(sampler):
    space = space_of(12, sampler)
    begun = Sweep(space, plan_of=lambda _: "unknown")
    begun.run(1)
    log = [replace(begun.log[0], trial=number) for number in range(3)]
    made = plans(Sweep(space, log=log).run(12))
    assert len(set(made[:3])) == 1
    assert len(set(made[2:7])) == 5


def test_the_trials_of_full_data_repeat_neither_its_baseline_nor_each_other():
    space = space_of(12, own=2, baselines="full_data")

    def plan_of(trial_settings):
        return f"{alpha_of(trial_settings)} {trial_settings.optimizer.weight_decay:.1f}"

    made = Sweep(space, plan_of).run(12)
    assert sum(trial.tuned for trial in made) == 2  # with the baseline all three rates
    assert len(set(plans(made))) == 12


def test_no_schedule_repeats_a_baseline():
    alpha = "{uniform: [0.2, 1.0], step: 0.2}"  # full data has 1
    made = Sweep(space_of(5, "grid", alpha, baselines="full_data")).run(5)
    assert made[0].is_baseline
    assert len(set(plans(made))) == 5


def test_a_repeat_among_the_first_configurations_is_replaced():
    first = [{"curriculum.alpha": 0.3, "curriculum.beta": beta, "optimizer.weight_decay": 0.1}
             for beta in (0.1, 0.2)]  # fmt: skip
    warm = WarmStart(trials=[], first=first, first_full_data=[])
    made = Sweep(space_of(5), warm_start=warm).run(5)
    assert made[0].config == first[0]
    assert len(set(plans(made))) == 5


@pytest.mark.parametrize("sampler", ["random", "grid"])
def test_an_extended_sweep_has_new_plans_too(sampler):
    small = space_of(3, sampler)
    begun = Sweep(small)
    begun.run(3)
    large = with_trials(small, 7)
    made = plans(Sweep(large, storage=CopyOf(begun.storage)).run(7))
    assert made[:3] == plans(begun.trials)
    assert len(set(made[:5])) == 5

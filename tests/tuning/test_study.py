"""The proposals of a study, and the reports that it stores."""

import json
import pickle
import sqlite3
from dataclasses import replace
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from class_sweep.config.components import SAMPLERS
from class_sweep.config.document import dump_settings, parse_space
from class_sweep.config.recording import as_recording
from class_sweep.errors import ResultsError
from class_sweep.results.record import Record
from class_sweep.tuning.ledger import blank_record
from class_sweep.tuning.pruners.asha import Asha
from class_sweep.tuning.samplers.sampler import make_sampler
from class_sweep.tuning.study import OptunaStudy
from class_sweep.tuning.study_storage import FileStorage


class Proposals:
    """A study in a file, and the trials that it has proposed."""

    def __init__(self, text, path):
        self.study = OptunaStudy(parse_space(text), FileStorage(path))
        self.trials = self.study.stored()

    def propose(self):
        new = [trial for trial in self.trials if trial.rerun_of is None]
        self.trials.append(self.study.propose(len(new), new[-1] if new else None))
        return self.trials[-1]

    def tell(self, number, decision, value, samples=100, **fields):
        self.study.tell(
            Record(
                trial=number, name=None, identity="", config={}, report=0, step=1, samples=samples,
                rung=0, decision=decision, compared=False, objective=value, **fields,
            )
        )  # fmt: skip

    @property
    def configs(self):
        return [trial.config for trial in self.trials]


@pytest.fixture
def open_study(tmp_path, small_space_text):
    def open_study(text=small_space_text, name="study.db"):
        return Proposals(text, tmp_path / name)

    return open_study


def stored(tmp_path, name="study.db"):
    study = optuna.load_study(study_name="class-sweep", storage=f"sqlite:///{tmp_path / name}")
    return study.trials


def test_the_final_state_of_each_trial_is_stored(open_study, tmp_path):
    proposals = open_study()
    ends = [("finish", 0.7), ("prune", 0.3), ("fail", None), ("continue", 0.4)]
    for number, (decision, value) in enumerate(ends):
        proposals.propose()
        proposals.tell(number, decision, value)
    trials = stored(tmp_path)
    assert [t.state for t in trials] == [
        TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING,
    ]  # fmt: skip
    assert trials[0].value == 0.7
    assert trials[1].intermediate_values == {100: 0.3}


def test_the_study_stores_each_report_at_its_samples(open_study, tmp_path):
    proposals = open_study()
    proposals.propose()
    for samples, value in [(100, 0.1), (300, 0.2), (300, 0.9)]:
        proposals.tell(0, "continue", value, samples)
    assert stored(tmp_path)[0].intermediate_values == {100: 0.1, 300: 0.2}


def test_the_study_has_the_values_of_the_log_to_the_last_bit(
    open_study, small_space_text, tmp_path
):
    """A study that is made again from the log then leads to the same proposals."""
    proposals = open_study(sampled(small_space_text, "tpe").replace("trials: 8", "trials: 20"))
    for _ in range(20):
        proposals.propose()
    for study in (proposals.study._study.trials, stored(tmp_path)):
        params = [trial.params for trial in study if trial.params]
        assert params == proposals.configs[1:]


def test_a_record_after_the_end_changes_nothing(open_study, tmp_path):
    proposals = open_study()
    proposals.propose()
    proposals.tell(0, "finish", 0.7)
    proposals.tell(0, "fail", None)
    assert stored(tmp_path)[0].value == 0.7


WIDE = (
    ("baselines: [full_data]", "baselines: [paper, full_data]"),
    ("sigma: {uniform: [0.40, 0.80]", "sigma: {uniform: [0.39, 0.99]"),
    ("beta: {uniform: [0.05", "beta: {uniform: [0.01"),
)


@pytest.fixture
def wide(small_space_text):
    """A space whose axes hold the baseline `paper`."""
    for narrow, wide in WIDE:
        assert narrow in small_space_text
        small_space_text = small_space_text.replace(narrow, wide)
    return small_space_text


def test_baselines_come_first_and_the_rest_from_the_axes(open_study, wide, tmp_path):
    proposals = open_study(wide)
    for _ in range(4):
        proposals.propose()
    assert [trial.name for trial in proposals.trials] == ["paper", "full_data", None, None]
    paper, full, *sampled = proposals.configs
    assert paper["curriculum.beta"] == 0.03
    assert full["curriculum.alpha"] == 1.0
    space = parse_space(wide)
    for config in sampled:
        axes = space.active(config)
        assert config.keys() == axes.keys()
        assert all(config[path] in axis for path, axis in axes.items())
    trials = stored(tmp_path)
    assert trials[0].params["curriculum.alpha"] == 0.4  # within the axes: it teaches the sampler
    assert trials[1].params == {}  # outside of them
    assert trials[1].user_attrs["name"] == "full_data"


GRID_AXES = (
    ("{uniform: [0.3, 0.9]}", "{uniform: [0.3, 0.9], step: 0.2}"),
    ("{uniform: [0.05, 0.20]}", "{choice: [0.05, 0.20]}"),
)


def sampled(text, sampler, seed=3):
    """The small space under another sampler."""
    if sampler == "grid":
        for continuous, finite in GRID_AXES:
            assert continuous in text
            text = text.replace(continuous, finite)
    return text.replace("seed: 3", f"seed: {seed}, sampler: {sampler}")


samplers = pytest.mark.parametrize("sampler", SAMPLERS)


@samplers
def test_the_sequence_of_proposals_depends_on_the_seed(open_study, small_space_text, sampler):
    def sequence(seed, name):
        proposals = open_study(sampled(small_space_text, sampler, seed), name)
        for number in range(7):
            proposals.propose()
            proposals.tell(number, "finish", 0.1 * number)
        return proposals.configs

    assert sequence(1, "a.db") == sequence(1, "b.db")
    assert sequence(1, "c.db") != sequence(2, "d.db")


@samplers
def test_a_resumed_study_proposes_the_same_configurations(open_study, small_space_text, sampler):
    text = sampled(small_space_text, sampler).replace("trials: 8", "trials: 14")

    def run(proposals, numbers):
        for number in numbers:
            proposals.propose()
            decision = "prune" if number % 3 == 2 else "finish"
            proposals.tell(number, decision, 0.5 - 0.01 * (number - 9) ** 2)
        return proposals.configs

    whole = run(open_study(text, name="whole.db"), range(14))
    run(open_study(text, name="cut.db"), range(8))
    assert run(open_study(text, name="cut.db"), range(8, 14)) == whole


def test_a_study_minimises_an_objective_that_is_better_when_lower(
    open_study, small_space_text, tmp_path
):
    open_study(small_space_text.replace("validation/mrr", "validation/mean_rank"))
    study = optuna.load_study(study_name="class-sweep", storage=f"sqlite:///{tmp_path}/study.db")
    assert study.direction == optuna.study.StudyDirection.MINIMIZE


def test_a_space_without_axes_proposes_its_one_trial(open_study, small_space_text):
    space = parse_space(small_space_text)
    search = space.settings.search.model_copy(update={"trials": 1, "baselines": []})
    alone = space.settings.model_copy(update={"search": search})
    assert open_study(dump_settings(alone)).propose().config == {}


def test_a_proposal_that_was_not_stored_is_dropped(open_study, wide, tmp_path):
    optuna_study = open_study(wide).study._study
    optuna_study.enqueue_trial({"curriculum.alpha": 0.4})
    optuna_study.ask()  # and the process died here
    proposals = open_study(wide)
    assert proposals.trials == []
    for _ in range(3):
        proposals.propose()
    assert [trial.name for trial in proposals.trials] == ["paper", "full_data", None]
    assert [trial.number for trial in proposals.trials] == [0, 1, 2]
    assert [t.state for t in stored(tmp_path)] == [TrialState.RUNNING] * 3


def test_a_recording_runs_each_configuration_under_each_seed(open_study, small_space_text):
    text = as_recording(parse_space(small_space_text.replace("trials: 8", "trials: 3")), 2).text
    first = open_study(text)
    for _ in range(4):
        first.propose()
    proposals = open_study(text)  # cut between two configurations, then between two seeds
    assert proposals.study.trials_wanted == 6
    for _ in range(2):
        proposals.propose()
    trials = proposals.trials
    assert [trial.name for trial in trials] == ["full_data", "full_data", None, None, None, None]
    assert [trial.config["search.seed"] for trial in trials] == [3, 4] * 3
    axes = [{k: v for k, v in config.items() if k != "search.seed"} for config in proposals.configs]
    assert axes[::2] == axes[1::2]
    assert axes[2] != axes[4]
    assert len({trial.identity for trial in trials}) == 6
    assert len({trial.plan for trial in trials}) == 6  # a recording trains duplicates too


def test_trials_of_any_length_meet_at_the_rungs_of_their_own_schedules(tmp_path, small_space_text):
    lengths = {0: 40, 1: 10}
    space = parse_space(small_space_text.replace("baselines: [full_data]", "baselines: []"))
    study = OptunaStudy(
        space,
        FileStorage(tmp_path / "study.db"),
        rungs=[100, 200],
        steps_of=lambda settings: steps[settings.curriculum.alpha],
    )
    trials = [study.propose(index, None) for index in lengths]
    steps = {
        trial.config["curriculum.alpha"]: [length // 4, length // 2]
        for trial, length in zip(trials, lengths.values(), strict=True)
    }
    assert len(steps) == 2
    for trial, length in zip(trials, lengths.values(), strict=True):
        record = replace(blank_record(trial), objective=0.5)
        at = [
            replace(record, report=n, rung=n, step=s, samples=8 * s)
            for n, s in enumerate(steps[trial.config["curriculum.alpha"]])
        ]
        study.tell(*at)
        end = replace(at[-1], report=2, rung=None, step=length, samples=8 * length)
        study.tell(*at, replace(end, decision="prune" if trial.number else "finish"))
    met = [trial.intermediate_values for trial in study._study.get_trials(deepcopy=False)]
    assert met == [{100: 0.5, 200: 0.5, 320: 0.5}, {100: 0.5, 200: 0.5}]


def test_a_recording_trains_configurations_of_one_plan(tmp_path, small_space_text):
    text = as_recording(parse_space(small_space_text.replace("trials: 8", "trials: 3")), 2).text
    study = OptunaStudy(
        parse_space(text), FileStorage(tmp_path / "study.db"), plan_of=lambda _: "same"
    )
    previous, plans = None, set()
    for index in range(6):
        previous = study.propose(index, previous)
        plans.add(previous.plan)
    assert len(plans) == 6
    assert {trial.plan for trial in study.stored()} == plans


def test_cmaes_learns_although_a_baseline_has_no_parameters(open_study, small_space_text):
    proposals = open_study(sampled(small_space_text, "cmaes").replace("trials: 8", "trials: 60"))
    best = {"curriculum.alpha": 0.8, "curriculum.beta": 0.10}

    def distance(config):
        return sum(abs(config[path] - value) / value for path, value in best.items())

    for number in range(60):
        proposals.tell(number, "finish", -distance(proposals.propose().config))
    assert proposals.trials[0].name == "full_data"
    distances = [distance(config) for config in proposals.configs[1:]]
    assert sum(distances[-15:]) < 0.6 * sum(distances[:15])


class RunsCode:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (Path.touch, (self.marker,))


@pytest.mark.parametrize("damaged", [False, True])
def test_a_state_of_cmaes_from_someone_else_runs_no_code(
    open_study, small_space_text, tmp_path, damaged
):
    text, marker = sampled(small_space_text, "cmaes"), tmp_path / "ran"
    proposals = open_study(text)
    for number in range(3):
        proposals.propose()
        proposals.tell(number, "finish", 0.1)
    state = "zz" if damaged else pickle.dumps(RunsCode(marker)).hex()
    with sqlite3.connect(tmp_path / "study.db") as file:
        file.execute(
            "INSERT INTO trial_system_attributes (trial_id, key, value_json) VALUES"
            " (3, 'cma:optimizer:0', ?)", [json.dumps(state)],
        )  # fmt: skip
    with pytest.raises(ResultsError, match=r"study\.db must hold states of CMA-ES alone, but that"):
        open_study(text).propose()
    assert not marker.exists()


def test_a_grid_runs_each_configuration_once(open_study, small_space_text):
    text = sampled(small_space_text, "grid").replace(", step: 0.05", ", step: 0.4")
    text = text.replace("{choice: [constant, sigmoid, inverse]}", "sigmoid")
    space = parse_space(text)
    assert space.grid_size() == (2 * 2 + 1) * 4 * 2  # in a random order sigma has no effect
    proposals = open_study(text.replace("trials: 8", "trials: 41"))
    for _ in range(41):
        proposals.propose()
    configs = proposals.configs[1:]
    assert len({tuple(config.items()) for config in configs}) == 40
    for config in configs:
        axes = space.active(config)
        assert config.keys() == axes.keys()
        assert all(config[path] in axis for path, axis in axes.items())


def test_a_sampler_that_does_not_fit_the_axes_has_a_note(small_space_text):
    assert make_sampler(parse_space(small_space_text)).notes() == []
    choices, conditional = make_sampler(parse_space(sampled(small_space_text, "cmaes"))).notes()
    assert "TPE chooses curriculum.order, curriculum.intensity" in choices
    assert "cmaes draws curriculum.sigma in every trial" in conditional
    [note] = make_sampler(parse_space(sampled(small_space_text, "grid"))).notes()
    assert "the grid has 456 configurations, of which 7 run" in note


def test_the_study_names_each_trial(open_study, tmp_path):
    proposals = open_study()
    for _ in range(2):
        proposals.propose()
    proposals.tell(1, "fail", None, reason="the loss must stay a finite number")
    baseline, failed = stored(tmp_path)
    assert baseline.user_attrs["name"] == "full_data"
    names = ("order", "alpha", "beta", "intensity")  # in a random order sigma has no effect
    assert failed.params["curriculum.order"] == "random"
    assert set(failed.params) == {f"curriculum.{name}" for name in names}
    assert failed.user_attrs["reason"] == "the loss must stay a finite number"
    assert set(failed.user_attrs) == {"identity", "config", "plan", "reason"}


def test_failed_trials_are_proposed_again_as_new_ones(drive):
    driver = drive(folder="again")
    for number in range(8):
        assert driver.ask() == number
        driver.fail(number) if number in {0, 3} else driver.report(number, 0.1 * number)
    again = drive(folder="again")
    assert again.tuner.left == 0
    failed = [replace(driver.ledger[n].last) for n in (0, 3)]
    again.tuner.rerun(failed)
    assert again.tuner.left == 2
    assert [again.ask(), again.ask()] == [8, 9]
    reruns = [again.ledger[n] for n in (8, 9)]
    assert [(t.rerun_of, t.config, t.name) for t in reruns] == [
        (r.trial, r.config, r.name) for r in failed
    ]
    # A driver that is killed here continues the reruns.
    cut = drive(folder="again")
    assert [cut.ask(), cut.ask()] == [8, 9]
    assert [cut.ledger[n].rerun_of for n in (8, 9)] == [0, 3]


def test_a_resumed_sweep_continues_open_trials_and_closes_ended_ones(drive, monkeypatch):
    driver = drive(pruner=Asha(2))
    for _ in range(3):
        driver.ask()
    first = driver.ledger.trials()
    driver.report(1, 0.5, 0)
    monkeypatch.setattr(driver.tuner._study, "tell", lambda *_: None)
    driver.report(0, 0.6)  # in the log, but not in the study
    assert driver.in_file()[0].state == TrialState.RUNNING
    again = drive(pruner=Asha(2))
    assert again.tuner.left == 7
    assert again.in_file()[0].state == TrialState.COMPLETE
    assert [again.ask() for _ in range(3)] == [1, 2, 3]
    assert [again.ledger[n].step > 0 for n in (1, 2, 3)] == [True, False, False]
    assert [again.ledger[n].config for n in (1, 2)] == [t.config for t in first][1:]
    assert [again.ledger[n].identity for n in (1, 2)] == [t.identity for t in first][1:]

import itertools
from dataclasses import replace

import optuna
import pytest
from optuna.trial import TrialState

from class_sweep.config.document import parse_space
from class_sweep.execution.interrupts import StopRequest
from class_sweep.execution.tune.searcher import StudySearch
from class_sweep.results.record import Record
from class_sweep.tuning.samplers import SAMPLERS, sampler_notes


class Verdicts:
    """Stands where the judge stands: it knows each trial's last record."""

    def __init__(self):
        self.last = {}
        self.proposals = []

    def propose(self, proposal):
        self.proposals.append(proposal)

    def free(self, paused, under_way):
        return [] if any(n not in self.last for n in under_way) else sorted(paused)

    def record(self, number, decision, value, samples=100):
        self.last[number] = Record(
            trial=number, name=None, identity="", config={}, report=0, step=1, samples=samples,
            rung=0, decision=decision, compared=False, objective=value,
        )  # fmt: skip


@pytest.fixture
def make(tmp_path, small_space_text):
    plans = itertools.count()

    def make(text=small_space_text, name="study.db"):
        verdicts = Verdicts()
        search = StudySearch(
            parse_space(text), tmp_path / name, verdicts, StopRequest(),
            plan_of=lambda _: f"plan {next(plans)}",  # no two alike: nothing is a duplicate here
        )  # fmt: skip
        return search, verdicts

    return make


def stored(tmp_path, name="study.db"):
    study = optuna.load_study(study_name="class-sweep", storage=f"sqlite:///{tmp_path / name}")
    return study.trials


def test_each_end_is_told_as_what_it_was(make, tmp_path):
    search, verdicts = make()
    for number, (decision, value) in enumerate(
        [("finish", 0.7), ("prune", 0.3), ("fail", None), ("continue", 0.4)]
    ):
        search.suggest(f"t{number}")
        verdicts.record(number, decision, value)
        search.on_trial_complete(f"t{number}")
    trials = stored(tmp_path)
    assert [t.state for t in trials] == [
        TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING,
    ]  # fmt: skip
    assert trials[0].value == 0.7
    assert trials[1].intermediate_values == {100: 0.3}


def test_reports_stand_in_the_study_at_the_samples_they_were_made(make, tmp_path):
    search, verdicts = make()
    search.suggest("t0")
    for samples, value in [(100, 0.1), (300, 0.2)]:
        verdicts.record(0, "continue", value, samples)
        search.on_trial_result("t0", {})
    assert stored(tmp_path)[0].intermediate_values == {100: 0.1, 300: 0.2}


def test_references_come_first_by_name_and_the_rest_from_the_axes(make, small_space_text, tmp_path):
    text = small_space_text.replace("baselines: [full_data]", "baselines: [paper, full_data]")
    text = text.replace("sigma: {uniform: [0.40, 0.80]", "sigma: {uniform: [0.39, 0.99]")
    text = text.replace("beta: {uniform: [0.05", "beta: {uniform: [0.01")
    search, verdicts = make(text)
    for number in range(4):
        search.suggest(f"t{number}")
    names = [p.name for p in verdicts.proposals]
    assert names == ["paper", "full_data", None, None]
    paper, full, *sampled = verdicts.proposals
    assert paper.config["curriculum.beta"] == 0.03
    assert full.config["curriculum.alpha"] == 1.0
    space = parse_space(text)
    for proposal in sampled:
        assert all(proposal.config[path] in axis for path, axis in space.axes.items())
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


samplers = pytest.mark.parametrize("sampler", [*SAMPLERS, "grid"])


@samplers
def test_one_seed_gives_one_sequence_and_another_seed_another(make, small_space_text, sampler):
    def sequence(seed, name):
        search, verdicts = make(sampled(small_space_text, sampler, seed), name)
        for number in range(7):
            search.suggest(f"t{number}")
            verdicts.record(number, "finish", 0.1 * number)
            search.on_trial_complete(f"t{number}")
        return [p.config for p in verdicts.proposals]

    assert sequence(1, "a.db") == sequence(1, "b.db")
    assert sequence(1, "c.db") != sequence(2, "d.db")


@samplers
def test_a_sweep_that_was_cut_proposes_what_it_would_have_proposed(make, small_space_text, sampler):
    text = sampled(small_space_text, sampler).replace("trials: 8", "trials: 14")

    def run(search, verdicts, numbers):
        for number in numbers:
            search.suggest(f"t{number}")
            decision = "prune" if number % 3 == 2 else "finish"
            verdicts.record(number, decision, 0.5 - 0.01 * (number - 9) ** 2)
            search.on_trial_complete(f"t{number}")
        return [p.config for p in verdicts.proposals]

    whole = run(*make(text, name="whole.db"), range(14))
    first = run(*make(text, name="cut.db"), range(8))
    search, verdicts = make(text, name="cut.db")
    search.take_up({})
    assert first + run(search, verdicts, range(8, 14)) == whole


def test_taking_up_goes_on_with_open_trials_and_closes_those_that_had_ended(make, tmp_path):
    search, verdicts = make()
    for number in range(3):
        search.suggest(f"t{number}")
    first = verdicts.proposals
    verdicts.record(0, "finish", 0.6)  # its line was written, but the study was never told
    known = dict(verdicts.last)
    search, verdicts = make()
    verdicts.last = known
    verdicts.record(1, "continue", 0.5)
    search.take_up(known)
    assert search.left == 7
    assert stored(tmp_path)[0].state == TrialState.COMPLETE
    configs = [search.suggest(f"again{number}") for number in range(3)]
    assert [c["trial"] for c in configs] == [1, 2, 3]
    assert [c["reached"] > 0 for c in configs] == [
        True,
        False,
        False,
    ]  # only 1 may have a checkpoint
    assert configs[0]["state"] == f"trial-0001-{first[1].identity}.pt"
    assert [c["values"] for c in configs[:2]] == [p.config for p in first[1:]]


def test_a_study_minimises_what_is_better_when_less(make, small_space_text, tmp_path):
    text = small_space_text.replace("validation/mrr", "validation/mean_rank")
    make(text)
    study = optuna.load_study(study_name="class-sweep", storage=f"sqlite:///{tmp_path}/study.db")
    assert study.direction == optuna.study.StudyDirection.MINIMIZE


def test_a_space_without_axes_proposes_its_one_trial(make, small_space_text):
    space = parse_space(small_space_text)
    from class_sweep.config.document import dump_settings

    alone = space.settings.model_copy(
        update={"search": space.settings.search.model_copy(update={"trials": 1, "baselines": []})}
    )
    search, _ = make(dump_settings(alone))
    assert search.suggest("t0")["values"] == {}


def test_a_trial_killed_before_it_was_noted_never_was(make, small_space_text, tmp_path):
    text = small_space_text.replace("baselines: [full_data]", "baselines: [paper, full_data]")
    text = text.replace("sigma: {uniform: [0.40, 0.80]", "sigma: {uniform: [0.39, 0.99]")
    text = text.replace("beta: {uniform: [0.05", "beta: {uniform: [0.01")
    search, _ = make(text)
    search._study.enqueue_trial({"curriculum.alpha": 0.4})
    search._study.ask()  # and the process died here
    search, verdicts = make(text)
    search.take_up({})
    assert search.proposed == 0
    for number in range(3):
        search.suggest(f"t{number}")
    assert [p.name for p in verdicts.proposals] == ["paper", "full_data", None]
    assert [p.trial for p in verdicts.proposals] == [0, 1, 2]
    assert [t.state for t in stored(tmp_path)] == [TrialState.RUNNING] * 3


ONE_RUNG = "pruning: {kind: one_rung, grace_epochs: 1, min_kept: 2}"


@pytest.fixture
def small_one_rung(small_space_text):
    text = small_space_text.replace("trials: 8", "trials: 4")
    return text.replace("pruning: {grace_epochs: 1, reduction_factor: 2}", ONE_RUNG)


def numbers(suggestions):
    return [one and one["trial"] for one in suggestions]


def test_paused_trials_go_on_once_all_others_stand_at_the_rung(make, small_one_rung, tmp_path):
    search, verdicts = make(small_one_rung)
    assert numbers(search.suggest(f"t{n}") for n in range(4)) == [0, 1, 2, 3]
    verdicts.record(1, "pause", 0.5)
    search.on_trial_complete("t1")
    assert search.suggest("t4") is None  # 2 and 3 have yet to come to the rung
    verdicts.record(2, "pause", 0.4)
    search.on_trial_complete("t2")
    verdicts.record(3, "pause", 0.6)  # and 2 loses its place
    verdicts.record(2, "prune", 0.4)
    search.on_trial_complete("t3")
    assert stored(tmp_path)[2].state == TrialState.PRUNED
    found = [search.suggest("t4"), search.suggest("t5")]
    assert [(one["trial"], one["reached"] > 0) for one in found] == [(1, True), (3, True)]
    assert search.suggest("t6") is None  # either may yet be paused again
    for number, trial_id in ((1, "t4"), (3, "t5")):
        verdicts.record(number, "finish", 0.7, samples=300)
        search.on_trial_complete(trial_id)
    assert search.suggest("t6") == search.FINISHED  # while the reference still runs
    verdicts.record(0, "finish", 0.7, samples=300)
    search.on_trial_complete("t0")
    assert search.left == 0
    assert {t.state for t in stored(tmp_path)} == {TrialState.COMPLETE, TrialState.PRUNED}


def test_a_sweep_cut_while_trials_wait_holds_them_back_again(make, small_one_rung):
    search, verdicts = make(small_one_rung)
    for number in range(3):
        search.suggest(f"t{number}")
    verdicts.record(1, "pause", 0.5)
    known = dict(verdicts.last)
    search, verdicts = make(small_one_rung)
    verdicts.last |= known
    search.take_up(known)
    assert search.left == 4
    assert numbers(search.suggest(f"again{n}") for n in range(3)) == [0, 2, 3]
    assert search.suggest("again3") is None
    verdicts.record(2, "prune", 0.1)
    verdicts.record(3, "fail", None)
    search.on_trial_complete("again1")
    search.on_trial_complete("again2")
    assert numbers([search.suggest("again3")]) == [1]
    assert search.suggest("again4") is None
    verdicts.record(1, "finish", 0.6, samples=300)
    search.on_trial_complete("again3")
    assert search.suggest("again4") == search.FINISHED


def test_a_recording_runs_each_configuration_under_each_seed(make, small_space_text):
    from class_sweep.config.recording import as_recording

    text = as_recording(parse_space(small_space_text.replace("trials: 8", "trials: 3")), 2).text
    search, verdicts = make(text)
    for number in range(4):
        search.suggest(f"t{number}")
    search, again = make(text)  # cut between the seeds of no configuration, then of one
    search.take_up({})
    for number in range(6):
        search.suggest(f"again{number}")
    assert search.suggest("over") is None  # those that run may still be paused, for all it knows
    proposals = verdicts.proposals + again.proposals[4:]
    assert [p.name for p in proposals] == ["full_data", "full_data", None, None, None, None]
    assert [p.config["search.seed"] for p in proposals] == [3, 4] * 3
    axes = [{k: v for k, v in p.config.items() if k != "search.seed"} for p in proposals]
    assert axes[::2] == axes[1::2]
    assert axes[2] != axes[4]
    assert len({p.identity for p in proposals}) == 6


def test_cmaes_learns_although_a_reference_has_no_parameters(make, small_space_text):
    text = sampled(small_space_text, "cmaes").replace("trials: 8", "trials: 60")
    search, verdicts = make(text)
    best = {"curriculum.alpha": 0.8, "curriculum.beta": 0.10}

    def off(config):
        return sum(abs(config[path] - value) / value for path, value in best.items())

    for number in range(60):
        config = search.suggest(f"t{number}")["values"]
        verdicts.record(number, "finish", -off(config))
        search.on_trial_complete(f"t{number}")
    assert verdicts.proposals[0].name == "full_data"
    distances = [off(proposal.config) for proposal in verdicts.proposals[1:]]
    assert sum(distances[-15:]) < 0.6 * sum(distances[:15])


def test_a_grid_runs_each_configuration_once(make, small_space_text):
    text = sampled(small_space_text, "grid").replace(", step: 0.05", ", step: 0.4")
    text = text.replace("{choice: [constant, sigmoid, inverse]}", "sigmoid")
    space = parse_space(text)
    assert space.grid_size() == 3 * 4 * 2 * 2
    search, verdicts = make(text.replace("trials: 8", "trials: 49"))
    for number in range(49):
        search.suggest(f"t{number}")
    configs = [p.config for p in verdicts.proposals[1:]]
    assert len({tuple(config.items()) for config in configs}) == 48
    assert all(config[path] in axis for config in configs for path, axis in space.axes.items())


def test_what_a_sampler_makes_of_the_axes_is_said(small_space_text):
    assert sampler_notes(parse_space(small_space_text)) == []
    [note] = sampler_notes(parse_space(sampled(small_space_text, "cmaes")))
    assert "TPE chooses curriculum.order, curriculum.intensity" in note
    [note] = sampler_notes(parse_space(sampled(small_space_text, "grid")))
    assert "the grid has 648 configurations, of which 7 run" in note


def test_the_study_says_in_words_what_each_trial_was(make, tmp_path):
    search, verdicts = make()
    for number in range(2):
        search.suggest(f"t{number}")
    verdicts.record(1, "fail", None)
    verdicts.last[1] = replace(verdicts.last[1], reason="the loss must stay a finite number")
    search.on_trial_complete("t1")
    reference, failed = stored(tmp_path)
    assert reference.user_attrs["name"] == "full_data"
    names = ("order", "alpha", "beta", "sigma", "intensity")
    assert set(failed.params) == {f"curriculum.{name}" for name in names}
    assert failed.user_attrs["reason"] == "the loss must stay a finite number"
    assert set(failed.user_attrs) == {"identity", "config", "plan", "reason"}


def test_failed_trials_are_proposed_again_as_new_ones_and_the_rest_stays_as_it_would_be(
    make, small_space_text
):
    def run(search, verdicts, numbers, fails=()):
        for number in numbers:
            trial = search.suggest(f"t{number}")["trial"]
            verdicts.record(trial, "fail" if number in fails else "finish", 0.1 * number)
            search.on_trial_complete(f"t{number}")

    search, verdicts = make(name="again.db")
    run(search, verdicts, range(8), fails=(0, 3))
    again, later = make(name="again.db")
    again.take_up(verdicts.last)
    assert again.left == 0
    failed = [
        replace(verdicts.last[n], config=p.config, name=p.name)
        for n, p in ((n, verdicts.proposals[n]) for n in (0, 3))
    ]
    again.rerun(failed)
    assert again.left == 2
    later.last = dict(verdicts.last)
    for number in (8, 9):
        assert again.suggest(f"t{number}")["trial"] == number
    assert [(p.rerun_of, p.config, p.name) for p in later.proposals] == [
        (r.trial, r.config, r.name) for r in failed
    ]
    # Cut here, it goes on with them and knows what they are.
    cut, last = make(name="again.db")
    cut.take_up(verdicts.last)
    assert [cut.suggest(f"u{n}")["trial"] for n in (8, 9)] == [8, 9]
    assert [p.rerun_of for p in last.proposals] == [0, 3]

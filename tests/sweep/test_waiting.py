"""Trials that wait at a rung: the search, the judge and the pruner together, without Tune."""

import itertools

import optuna
import pytest
from optuna.trial import TrialState

from class_sweep.config.document import parse_space
from class_sweep.results.store import ResultsFolder, ResultsWriter
from class_sweep.sweep.interrupt import StopRequest
from class_sweep.sweep.judge import Judge, Outcome
from class_sweep.sweep.pruners.catalogue import make_pruner
from class_sweep.sweep.samplers import searched
from class_sweep.sweep.search import StudySearch

PRUNING = "pruning: {grace_epochs: 1, reduction_factor: 2, keep: 1}"  # of 4: 2 go on, then 1


class Bench:
    """A sweep of four trials, with rungs at 100 and 200 samples and its end at 300."""

    def __init__(self, folder, listener, text, plan_of):
        space = parse_space(text)
        self.folder = folder
        self.writer = ResultsWriter(ResultsFolder(folder))
        self.judge = Judge(
            space.objective, make_pruner(space.settings.pruning, 2, searched(space)),
            self.writer, listener,
        )  # fmt: skip
        self.judge.replay(self.writer.folder.records())
        self.search = StudySearch(
            space, folder / "study.db", self.judge, StopRequest(), plan_of=plan_of
        )
        self.search.take_up(self.judge.last)
        self.ids = (f"t{number}" for number in itertools.count())

    def start(self):
        """What Tune is to run next: its own id for it and the trial's number, or what else."""
        trial_id = next(self.ids)
        found = self.search.suggest(trial_id)
        return (trial_id, found["trial"]) if isinstance(found, dict) else found

    def report(self, started, value, rung):
        """The report of a trial at a rung, or at its end where that is None."""
        trial_id, trial = started
        there = 2 if rung is None else rung
        samples, last = 100 * (there + 1), rung is None
        outcome = Outcome(there, samples, samples, rung, last, {"split/mrr": value}, 1.0, 0.5)
        decision = self.judge.receive(trial, outcome)
        self.search.on_trial_complete(trial_id)
        return decision

    def in_file(self):
        url = f"sqlite:///{self.folder}/study.db"
        return optuna.load_study(study_name="class-sweep", storage=url).trials


@pytest.fixture
def make(tmp_path, listener, small_space_text):
    text = small_space_text.replace("trials: 8", "trials: 4").replace(
        "first: [full_data]", "first: []"
    )
    text = text.replace("pruning: {grace_epochs: 1, reduction_factor: 2}", PRUNING)
    assert PRUNING in text
    made, plans = [], itertools.count()

    def make(plan_of=lambda _: f"plan {next(plans)}"):
        for other in made:
            other.writer.close()
        made.append(Bench(tmp_path, listener, text, plan_of))
        return made[-1]

    yield make
    made[-1].writer.close()


def at_the_rung(bench, values):
    """Every trial proposed, each of them at the first rung."""
    for value in values:
        bench.report(bench.start(), value, 0)


def test_the_best_of_all_go_on_rung_by_rung(make):
    bench = make()
    at_the_rung(bench, [0.1, 0.4, 0.3, 0.2])
    first, second = bench.start(), bench.start()
    assert [first[1], second[1]] == [1, 2]
    assert bench.start() is None  # either may be paused again
    assert bench.report(first, 0.5, 1) == "pause"
    assert bench.start() is None  # the other may yet take its place
    assert bench.report(second, 0.6, 1) == "pause"
    third = bench.start()
    assert third[1] == 2
    assert bench.report(third, 0.7, None) == "finish"
    assert bench.start() == bench.search.FINISHED
    states = [trial.state for trial in bench.in_file()]
    assert states == [TrialState.PRUNED] * 2 + [TrialState.COMPLETE, TrialState.PRUNED]
    values = [trial.intermediate_values for trial in bench.in_file()]
    assert values == [
        {100: 0.1}, {100: 0.4, 200: 0.5}, {100: 0.3, 200: 0.6, 300: 0.7}, {100: 0.2},
    ]  # fmt: skip


def test_what_a_paused_trial_reported_is_in_the_study_and_shown_to_samplers(make):
    bench = make()
    bench.report(bench.start(), 0.4, 0)
    for bench_now in (bench, make()):  # and again after a kill
        [stored] = bench_now.in_file()
        assert stored.state == TrialState.RUNNING
        assert stored.intermediate_values == {100: 0.4}
        with bench_now.search._file.as_samplers_see_it():
            [seen] = bench_now.search._study.get_trials(deepcopy=False)
        assert seen.state == TrialState.PRUNED
        assert seen.intermediate_values == {100: 0.4}


def test_a_trial_whose_worker_died_before_its_start_is_run_in_the_next_round(make):
    bench = make()
    at_the_rung(bench, [0.1, 0.4, 0.3])
    lost = bench.start()
    bench.search.on_trial_complete(lost[0], error=True)
    first = bench.start()
    assert first[1] == 1  # nothing that the lost one comes to can take its place
    assert bench.start() is None
    bench.report(first, 0.5, 1)
    assert bench.start() == bench.search.FINISHED  # and 2 waits for the lost one
    again = make()
    assert again.start()[1] == lost[1] == 3


def test_trials_of_one_plan_take_one_place_and_are_trained_once(make):
    def plan_of(settings):
        return "same" if settings.curriculum.alpha > 0.5 else str(settings.curriculum.alpha)

    bench = make(plan_of)
    started = []
    while (found := bench.start()) is not None:
        started.append(found)
    configs = {p.trial: p.config["curriculum.alpha"] for p in bench.search._proposals.values()}
    alike = [trial for trial, alpha in sorted(configs.items()) if alpha > 0.5]
    assert len(alike) > 1
    trained = [trial for _, trial in started]
    assert set(trained) == set(configs) - set(alike[1:])
    for found in started:
        bench.report(found, 0.9 if found[1] == alike[0] else 0.1 * found[1], 0)
    rung = 1
    while (found := bench.start()) != bench.search.FINISHED:
        best = found[1] == alike[0]
        bench.report(found, 0.9 if best else 0.1, rung if not best or rung == 1 else None)
        rung += best
    last = bench.judge.last
    assert {last[trial].decision for trial in alike} == {"finish"}
    assert {last[trial].same_as for trial in alike[1:]} == {alike[0]}
    assert bench.search.left == 0


def test_one_that_was_to_repeat_a_trial_that_failed_is_trained(make):
    bench = make(lambda _: "same")
    first = bench.start()
    assert bench.start() is None
    bench.judge.fail(first[1], "its process died", "")
    bench.search.on_trial_complete(first[0], error=True)
    assert bench.start()[1] == 1
    assert bench.start() is None

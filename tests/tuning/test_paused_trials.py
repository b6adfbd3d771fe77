"""Trials that wait at a rung: the search, the judge and the pruner together, without Tune."""

import itertools

import optuna
import pytest
from optuna.trial import TrialState

from class_sweep.config.document import parse_space
from class_sweep.execution.interrupts import StopRequest
from class_sweep.execution.tune.searcher import StudySearch
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.tuning.ledger import Judge, Outcome
from class_sweep.tuning.pruners.registry import make_pruner
from class_sweep.tuning.samplers import searched

PRUNING = "pruning: {grace_epochs: 1, reduction_factor: 2, min_kept: 1}"  # of 4: 2 go on, then 1


class Bench:
    """A sweep of four trials, with rungs at 100 and 200 samples and its end at 300."""

    def __init__(self, folder, callback, text, plan_of):
        space = parse_space(text)
        self.folder = folder
        self.writer = ResultsWriter(ResultsFolder(folder))
        self.judge = Judge(
            space.objective, make_pruner(space.settings.pruning, 2, searched(space)),
            self.writer, callback,
        )  # fmt: skip
        self.judge.replay(self.writer.folder.records())
        self.stop = StopRequest()
        self.search = StudySearch(
            space, folder / "study.db", self.judge, self.stop, plan_of=plan_of, rungs=[100, 200]
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
def make(tmp_path, callback, small_space_text):
    text = small_space_text.replace("trials: 8", "trials: 4").replace(
        "baselines: [full_data]", "baselines: []"
    )
    text = text.replace("pruning: {grace_epochs: 1, reduction_factor: 2}", PRUNING)
    assert PRUNING in text
    made, plans = [], itertools.count()

    def make(plan_of=lambda _: f"plan {next(plans)}", change=("", "")):
        for other in made:
            other.writer.close()
        made.append(Bench(tmp_path, callback, text.replace(*change), plan_of))
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


@pytest.mark.parametrize("killed", [False, True])
def test_what_a_paused_trial_reported_is_in_the_study_and_shown_to_samplers(make, killed):
    bench = make()
    started = bench.start()
    if killed:  # between the log and the study
        bench.judge.receive(started[1], Outcome(0, 9, 104, 0, False, {"split/mrr": 0.4}, 1.0))
        assert bench.in_file()[0].intermediate_values == {}
        bench = make()
    else:
        bench.report(started, 0.4, 0)
    assert bench.search._study.trials[0].state == TrialState.RUNNING
    with bench.search._file.as_samplers_see_it():
        [seen] = bench.search._study.get_trials(deepcopy=False)
    assert seen.state == TrialState.PRUNED
    assert seen.intermediate_values == {100: 0.4}  # at the rung, not where the batch ended
    bench.report(bench.start(), 0.5, 0)
    assert bench.in_file()[1].intermediate_values == {100: 0.5}


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


def test_a_copy_that_was_held_is_held_again_after_a_kill(make):
    bench = make(lambda _: "same")
    first = bench.start()
    assert bench.start() is None
    bench.report(first, 0.5, 0)
    again = make(lambda _: "same")  # the first one waits, three are to repeat it
    first = again.start()
    assert first[1] == 0
    assert again.start() is None
    assert again.report(first, 0.6, 1) == "pause"
    assert again.report(again.start(), 0.7, None) == "finish"
    assert again.start() == again.search.FINISHED
    assert again.search.left == 0
    assert {r.same_as for n, r in again.judge.last.items() if n} == {0}
    assert {t.state for t in again.in_file()} == {TrialState.COMPLETE}


@pytest.mark.parametrize("killed", [False, True])
def test_a_copy_of_a_reference_waits_for_it_and_no_reference_waits(make, killed):
    first = ("baselines: []", "baselines: [full_data, paper]")
    bench = make(lambda _: "same", first)
    references = [bench.start(), bench.start()]
    assert [trial for _, trial in references] == [0, 1]
    assert bench.start() == bench.search.FINISHED  # the other two are held
    if killed:
        bench = make(lambda _: "same", first)
        references = [bench.start(), bench.start()]
        assert bench.start() == bench.search.FINISHED
    for started in references:
        bench.report(started, 0.5, None)
    assert {r.decision for r in bench.judge.last.values()} == {"finish"}
    assert [bench.judge.last[n].same_as is None for n in range(4)] == [True, True, False, False]


def test_an_end_that_tune_could_not_make_and_makes_again_changes_nothing(make):
    bench = make()
    at_the_rung(bench, [0.4, 0.3, 0.2, 0.1])
    started = bench.start()
    bench.report(started, 0.5, 1)
    reports = bench.judge.reports
    bench.search.on_trial_result(started[0], {})
    bench.search.on_trial_complete(started[0], error=True)
    pruned = next(r for r in bench.judge.last.values() if r.ended)
    bench.judge.fail(pruned.trial, "its worker died", "")
    assert bench.judge.reports == reports
    assert bench.judge.last[pruned.trial] == pruned


def test_thousands_of_copies_are_held_and_released_without_a_word(make):
    many = ("trials: 4", "trials: 1500")
    bench = make(lambda _: "same", many)
    first = bench.start()
    assert bench.start() is None
    assert bench.search.left == 1500
    bench.judge.fail(first[1], "its process died", "")
    bench.search.on_trial_complete(first[0], error=True)
    assert bench.start()[1] == 1
    assert make(lambda _: "same", many).start()[1] == 1


def test_a_stop_while_copies_are_held_is_gone_on_from(make):
    bench = make(lambda _: "same")
    first = bench.start()
    bench.stop.asked = True
    assert bench.start() == bench.search.FINISHED
    bench.report(first, 0.4, 0)
    again = make(lambda _: "same")
    assert again.start()[1] == 0


def test_a_rerun_that_was_cut_is_not_begun_twice(make):
    bench = make()
    first = bench.start()
    bench.judge.fail(first[1], "its process died", "")
    bench.search.on_trial_complete(first[0], error=True)
    failed = [bench.judge.last[first[1]]]
    bench.search.rerun(failed)
    bench.search.rerun(failed)
    assert len(bench.search._interrupted) == 1
    assert bench.start()[1] == 1

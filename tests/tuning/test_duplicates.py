import itertools
from dataclasses import replace

import numpy as np
import optuna
import pytest

from class_sweep.config.document import parse_space
from class_sweep.difficulty.index import build_index
from class_sweep.difficulty.similarity import CLASS_SIMILARITY
from class_sweep.execution.interrupts import StopRequest
from class_sweep.execution.tune.searcher import StudySearch
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.trials import trials_of
from class_sweep.training.features import TrialFeatures
from class_sweep.training.loop import Trainer
from class_sweep.tuning.duplicates import Trained, effective_plan
from class_sweep.tuning.ledger import Judge, Outcome
from class_sweep.tuning.pruners.asha import Asha

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
SIGMAS = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95]


@pytest.fixture(scope="module")
def space():
    return parse_space(SPACE)


@pytest.fixture(scope="module")
def features():
    generator = np.random.default_rng(0)
    text, molecule = (generator.normal(size=(60, 6)).astype(np.float32) for _ in range(2))
    split = np.zeros(60, dtype=np.int8)
    index = build_index(text, molecule, SIGMAS, m=8)
    return TrialFeatures(text, molecule, split, {CLASS_SIMILARITY: index})


def steps(settings, features):
    """Everything that a trial's steps consist of beside its weights: batches and factors."""
    trainer = Trainer(settings, features)
    batches = [trainer._sampler.epoch(epoch) for epoch in range(settings.budget.epochs)]
    return (
        [batch.tolist() for batch in batches],
        sorted(trainer.loss_weights.loss.items()),
        trainer.loss_weights.rate,
    )


def test_plans_are_equal_exactly_where_the_steps_are(space, features):
    found = {}
    for order, sigma, alpha, intensity, batching in itertools.product(
        ("easy_first", "hard_first", "random"), SIGMAS, (0.5, 0.501, 0.7, 1.0),
        ("constant", "inverse"), ("random", "neighbourhood"),
    ):  # fmt: skip
        values = {
            "curriculum.order": order, "curriculum.sigma": sigma, "curriculum.alpha": alpha,
            "curriculum.intensity": intensity, "curriculum.batching": batching,
            "curriculum.group_size": 2,
        }  # fmt: skip
        settings = space.resolve(values)
        found.setdefault(effective_plan(settings, features), []).append(
            str(steps(settings, features))
        )
    assert all(len(set(same)) == 1 for same in found.values())
    assert len({same[0] for same in found.values()}) == len(found)
    assert 1 < len(found) < 288  # some of them are duplicates, and not all


def test_what_the_settings_say_beside_the_curriculum_counts_too(space, features):
    one = effective_plan(space.resolve({}), features)
    assert effective_plan(space.resolve({"optimizer.lr": 2e-3}), features) != one
    assert effective_plan(space.resolve({"search.seed": 6}), features) != one


def test_a_plan_that_cannot_be_worked_out_is_left_to_the_trial(space, features):
    wrong = space.resolve({"curriculum.sigma": 0.123})
    assert effective_plan(wrong, features) == effective_plan(wrong, features)


class Bench:
    """A search and a judge over one folder, without Tune."""

    def __init__(self, folder, callback, text=SPACE):
        self.space = parse_space(text)
        self.writer = ResultsWriter(ResultsFolder(folder))
        self.judge = Judge(self.space.objective, Asha(2), self.writer, callback)
        self.judge.replay(self.writer.folder.records())
        self.search = StudySearch(
            self.space, folder / "study.db", self.judge, StopRequest(),
            plan_of=lambda settings: settings.curriculum.order,
        )  # fmt: skip
        self.search.take_up(self.judge.last)
        self.asked = 0

    def suggest(self):
        self.asked += 1
        return f"t{self.asked}", self.search.suggest(f"t{self.asked}")

    def report(self, trial_id, config, value, *, report=0, last=True):
        samples = 100 * (report + 1)
        outcome = Outcome(
            report, samples, samples, None if last else 0, last, {"split/mrr": value}, 1.0, 0.5
        )
        decision = self.judge.receive(config["trial"], outcome)
        if decision == "continue":
            self.search.on_trial_result(trial_id, {})
        else:
            self.search.on_trial_complete(trial_id)
        return decision


@pytest.fixture
def bench(tmp_path, callback):
    made = []

    def make(text=SPACE):
        for other in made:
            other.writer.close()
        made.append(Bench(tmp_path, callback, text))
        return made[-1]

    yield make
    made[-1].writer.close()


def run_out(bench):
    """Run every trial to its end; what Tune was asked to run."""
    trained = []
    while (found := bench.suggest())[1] != bench.search.FINISHED:
        trial_id, config = found
        trained.append(config["values"]["curriculum.order"])
        bench.report(trial_id, config, 0.3, report=0, last=False)
        if not bench.judge.last[config["trial"]].ended:
            bench.report(trial_id, config, 0.1 * len(trained), report=1)
    return trained


def test_what_was_trained_is_not_trained_again(bench, tmp_path):
    one = bench()
    trained = run_out(one)
    assert len(trained) == len(set(trained)) < 8
    records = ResultsFolder(tmp_path).records()
    trials = trials_of(records)
    assert trials.count == 8
    assert trials.repeated == 8 - len(trained)
    assert trials.samples == 200 * len(trained)  # the repeated ones cost nothing
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
    study = optuna.load_study(study_name="class-sweep", storage=f"sqlite:///{tmp_path}/study.db")
    assert [t.value for t in study.trials] == [curves[t.number][-1].objective for t in study.trials]
    assert all(len(t.intermediate_values) == 2 for t in study.trials)


def test_a_sweep_that_was_cut_repeats_what_it_would_have_repeated(bench, tmp_path):
    first = bench()
    trial_id, config = first.suggest()
    first.report(trial_id, config, 0.5)
    second, other = first.suggest()
    assert other["values"] != config["values"]
    again = bench()  # the driver was killed
    trained = run_out(again)
    assert trained[0] == other["values"]["curriculum.order"]
    assert config["values"]["curriculum.order"] not in trained
    assert second == "t2"


def test_a_copy_that_was_cut_short_is_brought_to_its_end(bench, tmp_path, monkeypatch):
    one = bench()
    trial_id, config = one.suggest()
    one.report(trial_id, config, 0.3, last=False)
    one.report(trial_id, config, 0.4, report=1)
    write, written = one.judge._write, []

    def killed(record):
        if record.same_as is not None and written:
            raise KeyboardInterrupt
        written.append(record)
        write(record)

    monkeypatch.setattr(one.judge, "_write", killed)
    with pytest.raises(KeyboardInterrupt):
        run_out(one)
    run_out(bench())
    for trial in range(8):
        reports = [r.report for r in ResultsFolder(tmp_path).records_of(trial)]
        assert reports == sorted(set(reports))
    assert trials_of(ResultsFolder(tmp_path).records()).count == 8


def test_a_reference_is_trained_to_its_end_where_the_other_was_pruned(bench):
    one = bench()
    trial_id, config = one.suggest()
    one.report(trial_id, config, 0.3)
    finished = one.judge.last[config["trial"]]
    known = Trained()
    pruned = {0: replace(finished, trial=0, decision="prune")}
    known.add("plan", 0, finished=False)
    assert known.same("plan", whole=False, last=pruned) == 0
    assert known.same("plan", whole=True, last=pruned) is None
    both = pruned | {1: replace(finished, trial=1)}
    known.add("plan", 1, finished=True)
    assert known.same("plan", whole=True, last=both) == 1
    assert known.same("another plan", whole=False, last=both) is None

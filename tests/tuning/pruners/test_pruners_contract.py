"""The contract of every registered pruner."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from class_sweep.config.components import PRUNERS
from class_sweep.config.pruning import PruningSettings
from class_sweep.tuning.pruners.pruner import make_pruner

RUNGS = 3
kinds = pytest.mark.parametrize("kind", PRUNERS)
scores = st.floats(-10, 10, allow_nan=False).map(lambda x: round(x, 1))  # rounded: ties happen
trial_score_lists = st.lists(st.tuples(st.integers(0, 9), scores), max_size=40)


def make(kind):
    return make_pruner(TypeAdapter(PruningSettings).validate_python({"kind": kind}), RUNGS, 10)


def rung_reports(trial_scores):
    """Reports as (trial, rung, score); each trial starts at rung 0."""
    rungs = {}
    for trial, score in trial_scores:
        rungs[trial] = rungs.get(trial, -1) + 1
        if rungs[trial] < RUNGS:
            yield trial, rungs[trial], score


def test_every_registered_pruner_has_settings():
    assert list(PRUNERS) == list(PruningSettings.sections())


@kinds
@given(trial_scores=trial_score_lists)
def test_the_same_reports_give_the_same_decisions(kind, trial_scores):
    first, second = make(kind), make(kind)
    for report in rung_reports(trial_scores):
        assert first.decide(*report) == second.decide(*report)
        assert first.paused == second.paused


@kinds
@given(trial_scores=trial_score_lists, cut=st.integers(0, 40))
def test_a_resumed_pruner_decides_as_an_uninterrupted_one(kind, trial_scores, cut):
    reports = list(rung_reports(trial_scores))
    whole = make(kind)
    decisions = [whole.decide(*report) for report in reports]
    resumed = make(kind)
    for report in reports[:cut]:
        resumed.decide(*report)
    assert [resumed.decide(*report) for report in reports[cut:]] == decisions[cut:]
    assert resumed.paused == whole.paused


@kinds
@given(trial_scores=trial_score_lists)
def test_a_repeated_report_changes_nothing(kind, trial_scores):
    reports = list(rung_reports(trial_scores))
    once, twice = make(kind), make(kind)
    for trial, rung, score in reports:
        expected = once.decide(trial, rung, score)
        assert twice.decide(trial, rung, score) == expected
        again = twice.decide(trial, rung, score - 5)
        if expected.decision == "prune":  # the tuner does not ask for an ended trial again
            assert again.decision != "pause"
        else:
            assert again.decision == expected.decision
        assert not again.compared
        assert twice.paused == once.paused


@kinds
@given(trial_scores=trial_score_lists)
def test_a_baseline_always_continues_and_is_never_paused(kind, trial_scores):
    pruner = make(kind)
    for trial, rung, score in rung_reports(trial_scores):
        decision = pruner.decide(trial, rung, score, baseline=trial < 3)
        if trial < 3:
            assert decision.decision == "continue"
            assert not decision.compared
    assert all(trial >= 3 for trial in pruner.paused)


@kinds
@given(value=scores, trials=st.integers(1, 20))
def test_equal_scores_give_equal_decisions(kind, value, trials):
    pruner = make(kind)
    decisions = [
        pruner.decide(trial, rung, value).decision for rung in (0, 1) for trial in range(trials)
    ]
    assert "prune" not in decisions
    assert pruner.paused in (frozenset(), frozenset(range(trials)))


@kinds
@given(trial_scores=trial_score_lists)
def test_only_paused_trials_that_were_not_pruned_are_paused(kind, trial_scores):
    pruner, paused = make(kind), set()
    for trial, rung, score in rung_reports(trial_scores):
        decision = pruner.decide(trial, rung, score).decision
        paused |= {trial} if decision == "pause" else set()
        assert decision != "prune" or trial not in pruner.paused
        assert pruner.paused <= paused


@kinds
@given(trial_scores=trial_score_lists)
def test_promotable_trials_are_paused_and_one_is_promotable_when_none_runs(kind, trial_scores):
    pruner = make(kind)
    paused = set()
    for trial, rung, score in rung_reports(trial_scores):
        paused.discard(trial)
        if pruner.decide(trial, rung, score).decision == "pause":
            paused.add(trial)
        paused &= pruner.paused
        promotable = pruner.promotable(paused, under_way=set())
        assert set(promotable) <= paused
        assert len(set(promotable)) == len(promotable)
        assert bool(promotable) == bool(paused)


@pytest.mark.parametrize("kind", [kind for kind in PRUNERS if kind != "none"])
def test_the_worst_of_many_trials_are_pruned(kind):
    pruner = make(kind)
    decisions = [pruner.decide(trial, 0, -float(trial)).decision for trial in range(40)]
    assert decisions.count("prune") >= 15
    assert decisions[0] != "prune"

"""What every pruner promises, over the whole catalogue."""

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
reports = st.lists(st.tuples(st.integers(0, 9), scores), max_size=40)


def made(kind):
    return make_pruner(TypeAdapter(PruningSettings).validate_python({"kind": kind}), RUNGS, 10)


def ladders(found):
    """(trial, rung, score) of reports, each trial climbing from rung 0."""
    at = {}
    for trial, score in found:
        at[trial] = at.get(trial, -1) + 1
        if at[trial] < RUNGS:
            yield trial, at[trial], score


def test_the_catalogue_is_that_of_the_settings():
    assert list(PRUNERS) == list(PruningSettings.sections())


@kinds
@given(found=reports)
def test_the_same_reports_end_in_the_same_verdicts(kind, found):
    first, second = made(kind), made(kind)
    for report in ladders(found):
        assert first.decide(*report) == second.decide(*report)
        assert first.paused == second.paused


@kinds
@given(found=reports, cut=st.integers(0, 40))
def test_a_pruner_rebuilt_from_the_log_decides_like_the_first_one(kind, found, cut):
    every = list(ladders(found))
    whole = made(kind)
    verdicts = [whole.decide(*report) for report in every]
    resumed = made(kind)
    for report in every[:cut]:
        resumed.decide(*report)
    assert [resumed.decide(*report) for report in every[cut:]] == verdicts[cut:]
    assert resumed.paused == whole.paused


@kinds
@given(found=reports)
def test_a_trial_that_comes_again_changes_nothing(kind, found):
    every = list(ladders(found))
    once, twice = made(kind), made(kind)
    for trial, rung, score in every:
        expected = once.decide(trial, rung, score)
        assert twice.decide(trial, rung, score) == expected
        again = twice.decide(trial, rung, score - 5)
        assert again.decision == ("pause" if trial in once.paused else again.decision)
        assert not again.compared
        assert twice.paused == once.paused


@kinds
@given(found=reports)
def test_a_baseline_always_continues_and_is_never_paused(kind, found):
    pruner = made(kind)
    for trial, rung, score in ladders(found):
        verdict = pruner.decide(trial, rung, score, baseline=trial < 3)
        if trial < 3:
            assert verdict.decision == "continue"
            assert not verdict.compared
    assert all(trial >= 3 for trial in pruner.paused)


@kinds
@given(value=scores, trials=st.integers(1, 20))
def test_equals_share_their_fate(kind, value, trials):
    pruner = made(kind)
    fates = [
        pruner.decide(trial, rung, value).decision for rung in (0, 1) for trial in range(trials)
    ]
    assert "prune" not in fates
    assert pruner.paused in (frozenset(), frozenset(range(trials)))


@kinds
@given(found=reports)
def test_a_paused_trial_was_paused_at_a_rung_and_a_pruned_one_is_not_paused(kind, found):
    pruner, paused = made(kind), set()
    for trial, rung, score in ladders(found):
        decision = pruner.decide(trial, rung, score).decision
        paused |= {trial} if decision == "pause" else set()
        assert decision != "prune" or trial not in pruner.paused
        assert pruner.paused <= paused


@kinds
@given(found=reports)
def test_promotable_trials_are_paused_and_without_running_trials_there_is_one(kind, found):
    pruner = made(kind)
    paused = set()
    for trial, rung, score in ladders(found):
        paused.discard(trial)
        if pruner.decide(trial, rung, score).decision == "pause":
            paused.add(trial)
        paused &= pruner.paused
        free = pruner.promotable(paused, under_way=set())
        assert set(free) <= paused
        assert len(set(free)) == len(free)
        assert bool(free) == bool(paused)


@pytest.mark.parametrize("kind", [kind for kind in PRUNERS if kind != "none"])
def test_the_worst_of_many_does_not_continue(kind):
    pruner = made(kind)
    fates = [pruner.decide(trial, 0, -float(trial)).decision for trial in range(40)]
    assert fates.count("prune") >= 15
    assert fates[0] != "prune"

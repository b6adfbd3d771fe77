"""The contract of every registered pruner."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.config.components import PRUNERS
from class_sweep.config.pruning import PruningSettings
from class_sweep.testing.contract import settings_of
from class_sweep.testing.search import check_pruner_on, rung_reports
from class_sweep.tuning.pruners.pruner import make_pruner

kinds = pytest.mark.parametrize("kind", PRUNERS)
scores = st.floats(-10, 10, allow_nan=False).map(lambda x: round(x, 1))  # rounded: ties happen
trial_score_lists = st.lists(st.tuples(st.integers(0, 9), scores), max_size=40)


@kinds
@given(trial_scores=trial_score_lists)
def test_every_pruner_keeps_the_contract(kind, trial_scores):
    check_pruner_on(settings_of(PRUNERS, kind, {}), list(rung_reports(trial_scores)))


def test_every_registered_pruner_has_settings():
    assert list(PRUNERS) == list(PruningSettings.sections())


@kinds
@given(value=scores, trials=st.integers(1, 20))
def test_equal_scores_give_equal_decisions(kind, value, trials):
    pruner = make_pruner(settings_of(PRUNERS, kind, {}), 3, 10)
    decisions = [
        pruner.decide(trial, rung, value).decision for rung in (0, 1) for trial in range(trials)
    ]
    assert "prune" not in decisions
    assert pruner.paused in (frozenset(), frozenset(range(trials)))


@pytest.mark.parametrize("kind", [kind for kind in PRUNERS if kind != "none"])
def test_the_worst_of_many_trials_are_pruned(kind):
    pruner = make_pruner(settings_of(PRUNERS, kind, {}), 3, 10)
    decisions = [pruner.decide(trial, 0, -float(trial)).decision for trial in range(40)]
    assert decisions.count("prune") >= 15
    assert decisions[0] != "prune"

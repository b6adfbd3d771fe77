import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ray.tune.schedulers.async_hyperband import _Bracket

from class_sweep.tuning.pruners.asha import Asha
from class_sweep.tuning.pruners.hyperband import Hyperband
from class_sweep.tuning.pruners.pruner import PruningDecision

scores = st.floats(-10, 10, allow_nan=False).map(lambda x: round(x, 1))  # rounded: ties happen


@given(st.lists(scores, min_size=1, max_size=40), st.sampled_from([2, 3, 4, 2.5]))
def test_the_rule_equals_that_of_rays_asha(values, eta):
    ours, theirs = Asha(eta), _Bracket(1, 1.5, eta, 0)

    class Trial:
        def __init__(self, number):
            self.trial_id = str(number)

    for number, value in enumerate(values):
        expected = theirs.on_result(Trial(number), 1, value) == "CONTINUE"
        assert (ours.decide(number, 0, value).decision == "continue") == expected


def test_the_first_trial_at_a_rung_continues_without_a_comparison():
    assert Asha(3).decide(0, 0, -1e9) == PruningDecision("continue", compared=False)


@pytest.mark.parametrize("eta", [2, 3, 4])
def test_about_one_in_eta_passes(eta):
    asha = Asha(eta)
    # Scores in an order that is neither rising nor falling.
    kept = sum(
        asha.decide(i, 0, math.sin(i * 12.9898) * 43758.5453 % 1).decision == "continue"
        for i in range(600)
    )
    assert kept / 600 == pytest.approx(1 / eta, abs=0.05)


def test_each_bracket_gets_its_share_of_the_trials():
    hyperband = Hyperband(3, rungs=2)
    shares = [9 / 3, 3 / 2, 1]
    for trials in (8, 33, 100):
        counts = [[hyperband.bracket(t) for t in range(trials)].count(b) for b in range(3)]
        for count, share in zip(counts, shares, strict=True):
            assert abs(count - trials * share / sum(shares)) <= 1


def test_a_bracket_compares_its_own_trials_from_its_first_rung_on():
    hyperband = Hyperband(2, rungs=1)  # a bracket of one rung and one of none, in equal shares
    brackets = [hyperband.bracket(trial) for trial in range(4)]
    assert sorted(brackets) == [0, 0, 1, 1]
    halving = [trial for trial in range(4) if brackets[trial] == 0]
    uncompared = [trial for trial in range(4) if brackets[trial] == 1]
    assert hyperband.decide(halving[0], 0, 0.9).decision == "continue"
    for trial in uncompared:
        assert hyperband.decide(trial, 0, 0.1) == PruningDecision("continue", compared=False)
    assert hyperband.decide(halving[1], 0, 0.5) == PruningDecision("prune", compared=True)


def test_a_baseline_counts_in_every_bracket():
    hyperband = Hyperband(2, rungs=1)
    hyperband.decide(0, 0, 0.9, baseline=True)
    sampled = next(trial for trial in range(1, 9) if hyperband.bracket(trial) == 0)
    assert hyperband.decide(sampled, 0, 0.5) == PruningDecision("prune", compared=True)

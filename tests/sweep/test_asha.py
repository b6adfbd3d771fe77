import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ray.tune.schedulers.async_hyperband import _Bracket

from class_sweep.sweep.asha import Asha

scores = st.floats(-10, 10, allow_nan=False).map(lambda x: round(x, 1))  # rounded: ties happen


@given(st.lists(scores, min_size=1, max_size=40), st.sampled_from([2, 3, 4, 2.5]))
def test_the_rule_is_that_of_rays_asha(values, eta):
    ours, theirs = Asha(eta), _Bracket(1, 1.5, eta, 0)

    class Trial:
        def __init__(self, number):
            self.trial_id = str(number)

    for number, value in enumerate(values):
        expected = theirs.on_result(Trial(number), 1, value) == "CONTINUE"
        assert ours.decide(number, 0, value).keep == expected


def test_the_first_at_a_rung_goes_on_and_is_compared_with_nobody():
    verdict = Asha(3).decide(0, 0, -math.inf)
    assert verdict.keep
    assert not verdict.compared


@given(st.lists(scores, min_size=1, max_size=20))
def test_a_tie_with_the_cutoff_goes_on(values):
    asha = Asha(2)
    for number in range(len(values)):
        assert asha.decide(number, 0, 1.0).keep


@given(st.lists(st.tuples(st.integers(0, 3), scores), max_size=30))
def test_recalling_a_log_rebuilds_the_rungs(reports):
    first, second = Asha(3), Asha(3)
    for number, (rung, score) in enumerate(reports):
        first.decide(number, rung, score)
        second.recall(number, rung, score)
    assert first.rungs == second.rungs


def test_a_trial_that_comes_again_after_a_restart_changes_nothing():
    asha = Asha(2)
    for number, score in enumerate([1.0, 2.0, 3.0]):
        asha.decide(number, 0, score)
    before = {rung: dict(standing) for rung, standing in asha.rungs.items()}
    verdict = asha.decide(0, 0, -5.0)
    assert verdict.keep
    assert not verdict.compared
    assert asha.rungs == before


@pytest.mark.parametrize("eta", [2, 3, 4])
def test_about_one_in_eta_passes(eta):
    asha = Asha(eta)
    # Scores in an order that is neither rising nor falling.
    kept = sum(asha.decide(i, 0, math.sin(i * 12.9898) * 43758.5453 % 1).keep for i in range(600))
    assert kept / 600 == pytest.approx(1 / eta, abs=0.05)

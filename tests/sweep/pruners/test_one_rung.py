from hypothesis import given
from hypothesis import strategies as st

from class_sweep.sweep.pruners.one_rung import OneRung
from class_sweep.sweep.pruners.pruner import Verdict

scores = st.floats(-10, 10, allow_nan=False).map(lambda x: round(x, 1))


@given(st.lists(scores, min_size=1, max_size=30), st.integers(1, 6))
def test_those_that_wait_in_the_end_are_the_best_k_and_their_equals(values, keep):
    pruner = OneRung(keep)
    for trial, value in enumerate(values):
        pruner.decide(trial, 0, value)
    least = sorted(values, reverse=True)[:keep][-1]
    assert pruner.waiting == {t for t, value in enumerate(values) if value >= least}


def test_a_better_trial_takes_the_place_of_the_worst_that_waits():
    pruner = OneRung(2)
    assert pruner.decide(0, 0, 0.5) == Verdict("pause", compared=False)
    assert pruner.decide(1, 0, 0.4) == Verdict("pause", compared=True)
    assert pruner.decide(2, 0, 0.3) == Verdict("prune", compared=True)
    assert pruner.decide(3, 0, 0.6) == Verdict("pause", compared=True)
    assert pruner.waiting == {0, 3}


def test_a_reference_takes_nobodys_place():
    pruner = OneRung(1)
    pruner.decide(0, 0, 0.9, reference=True)
    assert pruner.decide(1, 0, 0.1) == Verdict("pause", compared=False)
    assert pruner.waiting == {1}

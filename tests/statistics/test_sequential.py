"""The decision rule: which runs come next, and which differences are claimed."""

import numpy as np
import pytest

from class_sweep.config.confirm import LOOKS
from class_sweep.statistics.interim_looks import ALPHA_SHARES
from class_sweep.statistics.sequential import Comparison, alpha_weights, evaluate_looks

AGAINST_FULL = Comparison("a", "full_data", "full_data")
AGAINST_RANDOM = Comparison("a", "random", "random_order")
NOISE = (0.01, -0.02, 0.015, -0.005, 0.0, 0.02, -0.01, 0.005, -0.015, 0.01) * 4


def values(n=40, **means):
    """Scores of arms with given means and small noise, which differs between arms and seeds."""
    return {
        arm: {i: mean + NOISE[(i + 3 * k) % 40] for i in range(n)}
        for k, (arm, mean) in enumerate(means.items())
    }


def test_the_first_look_needs_three_seeds_of_every_arm():
    progress = evaluate_looks([AGAINST_FULL, AGAINST_RANDOM], {}, seeds=5, max_seeds=10)
    assert progress.seeds == 3
    assert set(progress.wanted) == {(a, i) for a in ("a", "full_data", "random") for i in range(3)}
    assert progress.statuses[AGAINST_FULL].differences is None


def test_a_decided_comparison_gets_no_more_seeds_and_an_open_one_does():
    scores = values(3, a=2.0, full_data=0.0, random=1.99)
    progress = evaluate_looks([AGAINST_FULL, AGAINST_RANDOM], scores, seeds=5, max_seeds=10)
    decided = progress.statuses[AGAINST_FULL]
    assert (decided.outcome, decided.closed, decided.seeds) == ("better", "decided", 3)
    low, _ = decided.differences.interval(decided.level)
    assert low > 0
    assert set(progress.wanted) == {(arm, i) for arm in ("a", "random") for i in (3, 4)}


def test_a_finalist_worse_than_the_first_control_gets_no_more_runs():
    scores = values(3, a=0.0, full_data=2.0, random=0.001)
    progress = evaluate_looks([AGAINST_FULL, AGAINST_RANDOM], scores, seeds=5, max_seeds=10)
    assert progress.statuses[AGAINST_FULL].outcome == "worse"
    assert progress.statuses[AGAINST_RANDOM].closed == "lost"
    assert progress.wanted == []


def test_a_hopeless_comparison_stops_and_estimates_the_seeds_needed():
    scores = values(a=0.004, full_data=0.0)
    progress = evaluate_looks([AGAINST_FULL], scores, seeds=5, max_seeds=10)
    status = progress.statuses[AGAINST_FULL]
    assert (status.outcome, status.closed, status.seeds) == ("open", "hopeless", 5)
    assert status.seeds_needed > 10
    low, high = status.differences.interval(status.level)
    assert low < 0 < high


def test_a_comparison_that_seeds_may_decide_continues_to_the_last_look():
    scores = values(5, a=0.02, full_data=0.0)
    progress = evaluate_looks([AGAINST_FULL], scores, seeds=5, max_seeds=10)
    assert progress.seeds == 10
    assert set(progress.wanted) == {(arm, i) for arm in ("a", "full_data") for i in range(5, 10)}


def test_a_failed_run_leaves_its_comparison_open():
    scores = values(a=2.0, full_data=0.0, random=0.0)
    scores["random"][1] = None
    progress = evaluate_looks([AGAINST_FULL, AGAINST_RANDOM], scores, seeds=5, max_seeds=10)
    assert progress.statuses[AGAINST_FULL].outcome == "better"
    assert progress.statuses[AGAINST_RANDOM].outcome == "open"
    assert progress.statuses[AGAINST_RANDOM].closed == "failed"
    assert progress.wanted == []


def test_a_run_that_fails_at_a_later_look_leaves_its_comparison_open():
    # Three seeds would decide the second comparison if it had the whole error, and it gets the
    # whole error once five seeds decide the first one; but then its own run has failed.
    scores = {
        "a": dict.fromkeys(range(5), 0.0),
        "full_data": dict(enumerate([-1.0, -1.3, -0.8, -1.0, -1.1])),
        "random": dict(enumerate([-1.0, -1.108, -0.892, None, -1.0])),
    }
    at_three = evaluate_looks([AGAINST_FULL, AGAINST_RANDOM], scores, seeds=3, max_seeds=3)
    assert {status.outcome for status in at_three.statuses.values()} == {"open"}
    progress = evaluate_looks([AGAINST_FULL, AGAINST_RANDOM], scores, seeds=5, max_seeds=5)
    assert progress.statuses[AGAINST_FULL].outcome == "better"
    status = progress.statuses[AGAINST_RANDOM]
    assert status.p_adjusted < 0.05
    assert (status.outcome, status.closed) == ("open", "failed")


def differences_with(t, n=3):
    """n differences whose t statistic is t."""
    noise = np.linspace(-1, 1, n)
    return dict(enumerate(t * noise.std(ddof=1) / np.sqrt(n) + noise))


@pytest.mark.parametrize("t", [2.0, 7.0, 12.0, 16.0, 30.0, -7.0, -30.0])
def test_the_interval_has_the_level_of_the_test_and_excludes_0_if_decided(t):
    scores = {"a": differences_with(t), "full_data": dict.fromkeys(range(3), 0.0)}
    progress = evaluate_looks([AGAINST_FULL], scores, seeds=5, max_seeds=10)
    status = progress.statuses[AGAINST_FULL]
    # One comparison has the whole error, and the first look a tenth of it.
    assert status.level == pytest.approx(0.05 * 0.1)
    low, high = status.differences.interval(status.level)
    assert (low > 0 or high < 0) == (status.outcome != "open")
    assert status.outcome == {True: "open", t > 15: "better", t < -15: "worse"}[True]


def test_seeds_are_paired_by_their_number_whatever_the_order_of_the_runs():
    scores = values(10, a=0.01, full_data=0.0, random=-2.0)
    shuffled = {arm: dict(reversed(by_seed.items())) for arm, by_seed in scores.items()}
    shuffled["a"] = scores["a"]
    pairs = [AGAINST_FULL, AGAINST_RANDOM]
    expected = evaluate_looks(pairs, scores, seeds=5, max_seeds=10)
    assert evaluate_looks(pairs, shuffled, seeds=5, max_seeds=10) == expected


def test_a_comparison_that_no_number_of_seeds_decides_is_hopeless():
    scores = {
        "a": dict(enumerate([0.25, -0.25, 0.5, -0.5, 0.0])),
        "full_data": dict.fromkeys(range(5), 0.0),
    }
    progress = evaluate_looks([AGAINST_FULL], scores, seeds=5, max_seeds=10)
    status = progress.statuses[AGAINST_FULL]
    assert (status.seeds_needed, status.closed) == (None, "hopeless")
    assert progress.wanted == []


def test_a_finalist_that_is_worse_than_another_control_continues():
    scores = values(3, a=0.0, full_data=0.001, random=2.0)
    progress = evaluate_looks([AGAINST_FULL, AGAINST_RANDOM], scores, seeds=5, max_seeds=10)
    assert progress.statuses[AGAINST_RANDOM].outcome == "worse"
    assert progress.statuses[AGAINST_FULL].closed is None
    assert set(progress.wanted) == {(arm, i) for arm in ("a", "full_data") for i in (3, 4)}


@pytest.mark.parametrize("seed", range(8))
def test_later_looks_keep_every_claim(seed):
    generator = np.random.default_rng(seed)
    pairs = [Comparison(f, c, c) for c in ("full_data", "paper") for f in ("a", "b")]
    scores = {
        arm: dict(enumerate(generator.normal(mean, 1, 40)))
        for arm, mean in (("a", 3.0), ("b", 1.0), ("full_data", 0.0), ("paper", -1.0))
    }
    claimed = set()
    for most in LOOKS[1:]:
        progress = evaluate_looks(pairs, scores, seeds=5, max_seeds=most)
        now = {(p, s.outcome) for p, s in progress.statuses.items() if s.outcome != "open"}
        assert claimed <= now
        claimed = now
    assert claimed


def test_the_first_control_has_half_of_the_error_and_the_shares_add_up():
    pairs = [AGAINST_FULL, Comparison("b", "full_data", "full_data"), AGAINST_RANDOM]
    weights = alpha_weights(pairs)
    assert weights == {pairs[0]: 0.25, pairs[1]: 0.25, AGAINST_RANDOM: 0.5}
    assert alpha_weights(pairs[:2]) == {pairs[0]: 0.5, pairs[1]: 0.5}
    assert sum(ALPHA_SHARES) < 1

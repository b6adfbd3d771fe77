"""The decision rule: which runs come next, and which differences are claimed."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from looks_by_the_words import decide

from class_sweep.config.confirm import LOOKS
from class_sweep.statistics.comparisons import Comparison, family_weights
from class_sweep.statistics.interim_looks import ALPHA, ALPHA_SHARES
from class_sweep.statistics.sequential import DecisionRule, Family, evaluate_looks

AGAINST_FULL = Comparison("a", "full_data", "full_data")
AGAINST_RANDOM = Comparison("a", "random", "random_order")
EQUAL = Comparison("a", "full_data_equal_samples of a", "full_data_equal_samples")
NOISE = (0.01, -0.02, 0.015, -0.005, 0.0, 0.02, -0.01, 0.005, -0.015, 0.01) * 4
RULE = DecisionRule(5, 10)


def values(n=40, **means):
    """Scores of arms with given means and small noise, which differs between arms and seeds."""
    return {
        arm: {i: mean + NOISE[(i + 3 * k) % 40] for i in range(n)}
        for k, (arm, mean) in enumerate(means.items())
    }


def complete(comparisons, scores, rule, family=None, **others):
    """Make every run that is asked for; returns the progress, the runs and the kept family."""
    family = family or Family(family_weights(comparisons, {}, saving=rule.margin is not None))
    made = {arm: {} for arm in scores}
    while True:
        progress = evaluate_looks(comparisons, made, rule, family, **others)
        family = replace(family, priors=progress.priors)
        if not progress.wanted:
            return progress, {(a, i) for a, by_seed in made.items() for i in by_seed}, family
        for arm, number in progress.wanted:
            made[arm][number] = scores[arm][number]


def test_the_first_look_needs_three_seeds_of_the_finalist_and_its_first_control():
    progress = evaluate_looks([AGAINST_FULL, AGAINST_RANDOM], {}, RULE)
    assert progress.seeds == 3
    assert set(progress.wanted) == {(a, i) for a in ("a", "full_data") for i in range(3)}
    assert progress.statuses[AGAINST_FULL].differences is None


def test_other_controls_are_run_once_the_finalist_is_better_than_the_first():
    scores = values(5, a=2.0, full_data=0.0)
    progress = evaluate_looks([AGAINST_FULL, AGAINST_RANDOM], scores, RULE)
    decided = progress.statuses[AGAINST_FULL]
    assert (decided.outcome, decided.closed, decided.seeds) == ("better", "decided", 3)
    low, _ = decided.differences.test_interval(decided.level)
    assert low > 0
    assert progress.wanted == [("random", i) for i in range(3)]


def test_a_finalist_that_was_not_shown_to_be_better_has_no_other_controls():
    progress, runs, _ = complete(
        [AGAINST_FULL, AGAINST_RANDOM], values(a=0.0, full_data=0.0, random=-9.0), RULE
    )
    assert progress.statuses[AGAINST_FULL].outcome == "open"
    assert progress.statuses[AGAINST_RANDOM].closed == "skipped"
    assert {arm for arm, _ in runs} == {"a", "full_data"}


def of_two_finalists(**means):
    """Comparisons of a and b with full data, and of each with its own random order; scores."""
    pairs = [Comparison(f, "full_data", "full_data") for f in "ab"]
    pairs += [Comparison(f, f"random_{f}", "random_order") for f in "ab"]
    return pairs, values(full_data=0.0, random_a=0.0, random_b=0.0, **means)


def test_only_the_best_finalists_other_controls_are_run():
    pairs, scores = of_two_finalists(a=1.0, b=2.0)
    progress, runs, _ = complete(pairs, scores, RULE)
    assert progress.leader == "b"
    assert [progress.statuses[p].outcome for p in pairs] == ["better", "better", "open", "better"]
    assert progress.statuses[pairs[2]].closed == "behind"
    assert {arm for arm, _ in runs} == {"a", "b", "full_data", "random_b"}


def test_other_controls_wait_for_all_comparisons_with_the_first():
    pairs, scores = of_two_finalists(a=1.0, b=0.02)  # a is better after three seeds, b is open
    three = {arm: {n: scores[arm][n] for n in range(3)} for arm in ("a", "b", "full_data")}
    progress = evaluate_looks(pairs, three, RULE)
    assert progress.leader == "a"
    assert {arm for arm, _ in progress.wanted} == {"b", "full_data"}


def test_with_a_margin_each_better_finalist_has_its_other_controls():
    pairs, scores = of_two_finalists(a=1.0, b=2.0)
    progress, _, _ = complete(pairs, scores, DecisionRule(5, 10, margin=0.3))
    assert {progress.statuses[p].outcome for p in pairs} == {"better"}


def test_runs_that_exist_are_compared_whoever_leads():
    pairs, scores = of_two_finalists(a=1.0, b=2.0)
    progress = evaluate_looks(pairs, scores, RULE)  # as an earlier version made them
    assert {progress.statuses[p].outcome for p in pairs} == {"better"}
    assert progress.wanted == []


def test_a_finalist_worse_than_the_first_control_gets_no_more_runs():
    scores = values(5, a=0.0, full_data=2.0, random=0.001)
    progress = evaluate_looks([AGAINST_FULL, AGAINST_RANDOM], scores, RULE)
    assert progress.statuses[AGAINST_FULL].outcome == "worse"
    assert progress.statuses[AGAINST_RANDOM].closed == "lost"
    assert progress.wanted == []


def test_a_hopeless_comparison_stops():
    progress, _, _ = complete([AGAINST_FULL], values(a=0.0, full_data=0.0001), RULE)
    status = progress.statuses[AGAINST_FULL]
    assert (status.outcome, status.closed, status.seeds) == ("open", "hopeless", 5)
    low, high = status.differences.test_interval(status.level)
    assert low < 0 < high


def test_a_comparison_that_seeds_may_decide_continues_to_the_next_look():
    scores = values(5, a=0.02, full_data=0.0)
    progress = evaluate_looks([AGAINST_FULL], scores, RULE)
    assert progress.seeds == 7
    assert set(progress.wanted) == {(arm, i) for arm in ("a", "full_data") for i in range(5, 7)}


def test_a_failed_run_leaves_its_comparison_open():
    scores = values(a=2.0, full_data=0.0, random=0.0)
    scores["random"][1] = None
    progress = evaluate_looks([AGAINST_FULL, AGAINST_RANDOM], scores, RULE)
    assert progress.statuses[AGAINST_FULL].outcome == "better"
    assert progress.statuses[AGAINST_RANDOM].outcome == "open"
    assert progress.statuses[AGAINST_RANDOM].closed == "failed"
    assert progress.wanted == []


def test_a_run_that_fails_at_a_later_look_leaves_its_comparison_open():
    # Three seeds would decide b if it had the whole error. It gets the whole error once five seeds
    # show that a is worse; but then its own run has failed.
    pairs = [AGAINST_FULL, Comparison("b", "full_data", "full_data")]
    scores = {
        "full_data": dict.fromkeys(range(5), 0.0),
        "a": dict(enumerate([-0.58, -0.68, -0.48, -0.58, -0.6])),
        "b": dict(enumerate([0.375, 0.475, 0.275, None, 0.4])),
    }
    at_three = evaluate_looks(pairs, scores, DecisionRule(3, 3))
    assert {status.outcome for status in at_three.statuses.values()} == {"open"}
    mended = scores | {"b": scores["b"] | {3: 0.1, 4: 1.0}}
    assert evaluate_looks(pairs, mended, DecisionRule(5, 5)).statuses[pairs[1]].outcome == "better"
    progress = evaluate_looks(pairs, scores, DecisionRule(5, 5))
    assert progress.statuses[AGAINST_FULL].outcome == "worse"
    status = progress.statuses[pairs[1]]
    assert (status.outcome, status.closed) == ("open", "failed")


def differences_with(t, n=3):
    """n differences whose t statistic is t."""
    noise = np.linspace(-1, 1, n)
    return dict(enumerate(t * noise.std(ddof=1) / np.sqrt(n) + noise))


@pytest.mark.parametrize("t", [2.0, 7.0, 24.0, 25.0, 60.0, -60.0, -74.0, -75.0])
def test_the_interval_has_the_level_of_the_test_and_excludes_0_if_decided(t):
    scores = {"a": differences_with(t), "full_data": dict.fromkeys(range(3), 0.0)}
    progress = evaluate_looks([AGAINST_FULL], scores, RULE)
    status = progress.statuses[AGAINST_FULL]
    # One comparison has all but the reserve, and the first look a fiftieth of that: nine tenths of
    # it for better, a tenth for worse.
    assert status.level == pytest.approx(0.05 * 0.9 * 0.02)
    low, high = status.differences.test_interval(status.level)
    assert (low > 0 or high < 0) == (status.outcome != "open")
    assert status.outcome == {True: "open", t > 24.8: "better", t < -74.5: "worse"}[True]


def test_seeds_are_paired_by_their_number_whatever_the_order_of_the_runs():
    scores = values(10, a=0.01, full_data=0.0, random=-2.0)
    shuffled = {arm: dict(reversed(by_seed.items())) for arm, by_seed in scores.items()}
    shuffled["a"] = scores["a"]
    pairs = [AGAINST_FULL, AGAINST_RANDOM]
    assert evaluate_looks(pairs, shuffled, RULE) == evaluate_looks(pairs, scores, RULE)


def test_a_finalist_that_seems_worse_gets_no_more_seeds():
    progress, runs, _ = complete([AGAINST_FULL], values(a=-0.01, full_data=0.0), RULE)
    status = progress.statuses[AGAINST_FULL]
    assert (status.outcome, status.closed) == ("open", "hopeless")
    assert len(runs) == 2 * 5


def test_a_finalist_that_is_unlikely_to_overtake_a_better_one_gets_no_more_seeds():
    pairs = [Comparison(f, "full_data", "full_data") for f in "ab"]
    scores = values(a=1.0, b=0.03, full_data=0.0)
    alone, _, _ = complete(pairs[1:], scores, RULE)
    assert alone.statuses[pairs[1]].outcome == "better"
    progress, runs, _ = complete(pairs, scores, RULE)
    assert progress.leader == "a"
    status = progress.statuses[pairs[1]]
    assert (status.outcome, status.closed, status.seeds) == ("open", "trailing", 5)
    assert ("b", 5) not in runs
    later = evaluate_looks(pairs, scores, RULE)  # once its runs exist, they count
    assert later.statuses[pairs[1]].closed != "trailing"


def test_a_finalist_that_may_overtake_a_better_one_goes_on():
    pairs = [Comparison(f, "full_data", "full_data") for f in "ab"]
    scores = values(a=0.05, b=0.06, full_data=0.0)
    scores["b"] |= {0: -0.03}
    progress, _, _ = complete(pairs, scores, RULE)
    assert progress.statuses[pairs[0]].outcome == "better"
    assert progress.statuses[pairs[1]].seeds > 5


def test_with_a_margin_no_finalist_trails():
    pairs = [Comparison(f, "full_data", "full_data") for f in "ab"]
    scores = values(a=1.0, b=0.03, full_data=0.0)
    progress, _, _ = complete(pairs, scores, DecisionRule(5, 10, margin=0.001))
    assert {status.outcome for status in progress.statuses.values()} == {"better"}


def test_a_comparison_that_no_number_of_seeds_decides_is_hopeless():
    scores = {
        "a": dict(enumerate([0.25, -0.25, 0.5, -0.5, 0.0])),
        "full_data": dict.fromkeys(range(5), 0.0),
    }
    progress = evaluate_looks([AGAINST_FULL], scores, RULE)
    status = progress.statuses[AGAINST_FULL]
    assert (status.seeds_needed, status.closed) == (None, "hopeless")
    assert progress.wanted == []


def test_a_finalist_that_is_worse_than_another_control_is_still_better_than_the_first():
    scores = values(40, a=0.5, full_data=0.0, random=2.0)
    progress, _, _ = complete(
        [AGAINST_FULL, AGAINST_RANDOM, EQUAL], scores | values(40, **{EQUAL.control: 0.0}), RULE
    )
    assert progress.statuses[AGAINST_FULL].outcome == "better"
    assert progress.statuses[AGAINST_RANDOM].outcome == "worse"
    assert progress.statuses[EQUAL].outcome == "better"


def worlds(draw_margin):
    """Random sweeps: finalists, controls, effects, noise, ties, failures."""
    return st.tuples(
        st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 4),
        st.sampled_from([(3, 3), (3, 10), (5, 10), (5, 40), (10, 20)]),
        st.sampled_from([0.0, 0.2]), draw_margin,
    )  # fmt: skip


KINDS = ("full_data", "full_data_equal_samples", "random_order", "no_intensity")


def world(seed, finalists, controls, resolution):
    """The comparisons and the scores of a random sweep."""
    generator = np.random.default_rng(seed)
    names = [f"t{f}" for f in range(finalists)]
    pairs = [
        Comparison(f, k if k == "full_data" else f"{k} of {f}", k)
        for k in KINDS[:controls]
        for f in names
    ]
    arms = list(dict.fromkeys(arm for p in pairs for arm in (p.finalist, p.control)))
    scores = {}
    for arm in arms:
        mean = generator.choice([0.0, 0.5, 1.5, 4.0]) * (1 if arm in names else 0.3)
        run = generator.normal(mean, generator.choice([0.3, 1.0, 1.5]), 40)
        run = np.round(run / resolution) * resolution if resolution else run
        scores[arm] = {i: float(x) for i, x in enumerate(run)}
        if generator.random() < 0.1:
            scores[arm][int(generator.integers(12))] = None
    return pairs, scores


@settings(max_examples=120, deadline=None)
@given(worlds(st.sampled_from([None, 0.3, 1.5])))
def test_the_rule_is_the_one_of_the_words(case):
    seed, finalists, controls, (seeds, max_seeds), resolution, margin = case
    pairs, scores = world(seed, finalists, controls, resolution)
    rule = DecisionRule(seeds, max_seeds, margin, resolution)
    progress, runs, _ = complete(pairs, scores, rule)
    expected, used = decide(
        [(p.finalist, p.control, p.kind) for p in pairs],
        {arm: [by_seed[i] for i in range(40)] for arm, by_seed in scores.items()},
        seeds,
        max_seeds,
        margin,
        resolution,
    )
    found = {
        (p.finalist, p.control, p.kind): (s.outcome, s.closed, s.non_inferior, s.seeds_needed)
        for p, s in progress.statuses.items()
    }
    assert found == expected
    assert runs == used


@settings(max_examples=60, deadline=None)
@given(worlds(st.sampled_from([None, 0.5])))
def test_an_interval_shows_what_is_claimed_and_no_more(case):
    seed, finalists, controls, (seeds, max_seeds), resolution, margin = case
    pairs, scores = world(seed, finalists, controls, resolution)
    progress, _, _ = complete(pairs, scores, DecisionRule(seeds, max_seeds, margin, resolution))
    for status in progress.statuses.values():
        if status.differences is None or status.closed == "failed":
            continue
        low, high = status.differences.test_interval(status.level)
        claimed = {"better": low > 0, "worse": high < 0, "open": low <= 0 <= high}
        assert claimed[status.outcome]
        if status.non_inferior is not None and status.outcome != "worse":
            assert status.non_inferior == (low > -margin)
        assert (status.p_ni_adjusted is None) == (status.non_inferior is None)
        if status.non_inferior is not None:
            assert status.non_inferior == (status.p_ni_adjusted <= ALPHA)


@pytest.mark.parametrize("seed", range(8))
def test_later_looks_keep_every_claim(seed):
    pairs, scores = world(seed, 3, 3, 0.0)
    family, claimed = None, set()
    for most in LOOKS[1:]:
        progress, _, family = complete(pairs, scores, DecisionRule(5, most, 0.3), family)
        now = {(p, s.outcome) for p, s in progress.statuses.items() if s.outcome != "open"}
        now |= {(p, "not worse") for p, s in progress.statuses.items() if s.non_inferior}
        assert claimed <= now
        claimed = now


def test_a_later_look_decides_where_the_estimate_said_it_would():
    # A mean of 0.7 standard deviations at ten seeds: twenty of them have half of the share of ten,
    # so the level at hand would promise too much.
    noise = np.resize([1.0, -1.0], 40) * np.sqrt(9 / 10)
    for mean in np.linspace(0.5, 1.1, 25):
        scores = {"a": dict(enumerate(mean + noise)), "full_data": dict.fromkeys(range(40), 0.0)}
        status = evaluate_looks([AGAINST_FULL], scores, DecisionRule(10, 10)).statuses[AGAINST_FULL]
        if status.outcome == "open" and status.seeds_needed:
            later = evaluate_looks([AGAINST_FULL], scores, DecisionRule(10, status.seeds_needed))
            assert later.statuses[AGAINST_FULL].outcome == "better"


@pytest.mark.parametrize("mean", [0.8, 1.0])
def test_three_seeds_do_not_close_what_ten_would_decide(mean):
    # In standard deviations: the first look's share of the error is far below that of the third.
    noise = np.resize([1.0, 0.0, -1.0], 10)
    scores = {"a": dict(enumerate(mean + noise)), "full_data": dict.fromkeys(range(10), 0.0)}
    progress, _, _ = complete([AGAINST_FULL], scores, DecisionRule(3, 10))
    assert progress.statuses[AGAINST_FULL].outcome == "better"


def test_equal_differences_of_a_metric_of_whole_queries_claim_nothing():
    # Hits@1 on 100 queries: trial a found one molecule more than full data, three times.
    scores = {
        "a": dict(enumerate([0.32, 0.31, 0.33])),
        "full_data": dict(enumerate([0.31, 0.30, 0.32])),
    }
    status = evaluate_looks([AGAINST_FULL], scores, DecisionRule(3, 3, resolution=0.01)).statuses[
        AGAINST_FULL
    ]
    assert status.outcome == "open"
    assert status.p_adjusted > 0


def test_one_pair_of_equal_differences_does_not_decide_without_a_known_step():
    scores = {"a": dict.fromkeys(range(5), 0.7), "full_data": dict.fromkeys(range(5), 0.5)}
    assert (
        evaluate_looks([AGAINST_FULL], scores, DecisionRule(5, 5)).statuses[AGAINST_FULL].outcome
        == "open"
    )


def test_the_first_controls_share_all_of_the_error_but_the_reserve():
    pairs = [AGAINST_FULL, Comparison("b", "full_data", "full_data"), AGAINST_RANDOM]
    weights = family_weights(pairs, {}, saving=False)
    assert weights == {("a", "full_data"): 0.45, ("b", "full_data"): 0.45, ("a", "random_order"): 0}
    assert sum(ALPHA_SHARES) == pytest.approx(1.0)


def test_a_margin_keeps_a_quarter_of_a_level_for_the_control_at_equal_samples():
    weights = family_weights([AGAINST_FULL, EQUAL, AGAINST_RANDOM], {}, saving=True)
    assert weights == {
        ("a", "full_data"): pytest.approx(0.675), ("a", "random_order"): 0,
        ("a", "full_data_equal_samples"): pytest.approx(0.225),
    }  # fmt: skip
    assert family_weights([AGAINST_FULL], {}, saving=True) == {("a", "full_data"): 0.9}
    assert family_weights([EQUAL, AGAINST_FULL], {}, saving=True)["a", EQUAL.kind] == 0.9


def test_finalists_that_join_later_leave_the_weights_of_the_others():
    first = [Comparison(f, "full_data", "full_data") for f in "abc"]
    weights = family_weights(first, {}, saving=False)
    total = 1.0
    for names in ("abcd", "abcdef", "abcdefg"):
        more = [Comparison(f, "full_data", "full_data") for f in names]
        new = family_weights(more, weights, saving=False)
        assert {f for f, _ in new} == set(names) - {f for f, _ in weights}
        weights = weights | new
        total = sum(weights.values())
    assert family_weights(first[:1], weights, saving=False) == {}
    assert total < 1


def test_weights_of_an_earlier_version_stand():
    earlier = {("a", "full_data"): 0.4, ("b", "full_data"): 0.4}  # its reserve was a fifth
    pairs = [Comparison(f, "full_data", "full_data") for f in "abc"]
    assert family_weights(pairs, earlier, saving=False) == {("c", "full_data"): pytest.approx(0.1)}


def test_fewer_finalists_keep_their_level_and_the_others_get_no_more_runs():
    pairs = [Comparison(f, "full_data", "full_data") for f in "abc"]
    scores = values(a=0.02, b=0.02, c=0.01, full_data=0.0)
    progress, before, family = complete(pairs, scores, DecisionRule(5, 5))
    made = {a: {i: scores[a][i] for n, i in before if n == a} for a in scores}
    after = evaluate_looks(pairs, made, RULE, family, dropped=["b", "c"])
    assert {arm for arm, _ in after.wanted} <= {"a", "full_data"}
    for pair in pairs[1:]:
        assert after.statuses[pair].level == progress.statuses[pair].level
    assert {after.statuses[pair].closed for pair in pairs[1:]} <= {"dropped", "decided", "hopeless"}


def test_a_saving_is_tested_at_equal_samples_once_the_finalist_is_not_worse():
    scores = values(a=0.0, full_data=0.001, random=-1.0) | values(**{EQUAL.control: -1.0})
    pairs = [AGAINST_FULL, EQUAL, AGAINST_RANDOM]
    progress, _, _ = complete(pairs, scores, DecisionRule(5, 10, margin=0.1))
    first = progress.statuses[AGAINST_FULL]
    assert (first.outcome, first.non_inferior) == ("open", True)
    low, _ = first.differences.test_interval(first.level)
    assert low > -0.1
    assert progress.statuses[EQUAL].outcome == "better"
    assert progress.statuses[AGAINST_RANDOM].closed == "skipped"


def test_a_finalist_that_cannot_be_shown_not_worse_is_closed():
    progress, runs, _ = complete(
        [AGAINST_FULL], values(a=0.0, full_data=0.03), DecisionRule(5, 40, margin=0.001)
    )
    status = progress.statuses[AGAINST_FULL]
    assert status.non_inferior is False
    assert max(number for _, number in runs) < 10


def test_a_look_without_time_is_left_out_and_the_looks_before_stand():
    pairs, scores = world(4, 2, 2, 0.0)
    rule = DecisionRule(5, 10, 0.3)
    three = {arm: {n: v for n, v in runs.items() if n < 3} for arm, runs in scores.items()}
    going_on = evaluate_looks(pairs, three, rule)
    assert going_on.wanted
    stopped = evaluate_looks(pairs, three, rule, out_of_time=True)
    assert stopped.wanted == []
    for comparison, status in stopped.statuses.items():
        before = going_on.statuses[comparison]
        assert status.closed is not None
        assert (status.outcome, status.seeds, status.level) == (
            before.outcome, before.seeds, before.level,
        )  # fmt: skip
    assert "time" in {status.closed for status in stopped.statuses.values()}
    nothing = evaluate_looks(pairs, {}, rule, out_of_time=True)
    assert {status.closed for status in nothing.statuses.values()} <= {"time", "skipped"}

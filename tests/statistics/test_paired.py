import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from class_sweep.statistics.interim_looks import BETTER_SHARE
from class_sweep.statistics.paired import PairedDifferences

VALUES = st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=2, max_size=12)


@given(VALUES)
def test_p_and_interval_are_those_of_the_paired_t_test(rows):
    first, second = zip(*rows, strict=True)
    paired = PairedDifferences.of(first, second)
    assume(paired.sd > 1e-6)
    expected = stats.ttest_rel(first, second)
    side = BETTER_SHARE if paired.mean > 0 else 1 - BETTER_SHARE
    p = min(1.0, expected.pvalue / 2 / side)
    assert paired.p == pytest.approx(p, rel=1e-6, abs=1e-12)
    assert paired.interval(0.05) == pytest.approx(
        tuple(expected.confidence_interval(0.95)), rel=1e-6
    )


@given(VALUES, st.floats(-0.5, 0.5))
def test_the_p_of_a_bound_is_the_one_sided_p_by_the_share_of_better(rows, bound):
    first, second = zip(*rows, strict=True)
    paired = PairedDifferences.of(first, second)
    assume(paired.sd > 1e-6)
    differences = [a - b for a, b in rows]
    expected = stats.ttest_1samp(differences, bound, alternative="greater").pvalue
    expected = min(1.0, expected / BETTER_SHARE)
    assert paired.p_above(bound) == pytest.approx(expected, rel=1e-6, abs=1e-12)


@given(VALUES, st.floats(1e-4, 0.5), st.sampled_from([0.0, 0.1]))
def test_an_interval_excludes_zero_exactly_if_p_is_below_its_level(rows, level, resolution):
    paired = PairedDifferences.of(*zip(*rows, strict=True), resolution=resolution)
    assume(paired.variance > 1e-12 and not math.isclose(paired.p, level, rel_tol=1e-6))
    low, high = paired.test_interval(level)
    assert (low > 0 or high < 0) == (paired.p < level)


@given(st.integers(2, 12), st.floats(0.01, 0.5))
def test_both_sides_together_have_the_error_of_the_level(n, level):
    # The probability of a mean beyond either end of the interval around 0, if nothing differs.
    paired = PairedDifferences(n, 0.0, 1.0, 1.0, n - 1)
    low, high = (end / paired.error for end in paired.test_interval(level))
    assert stats.t.cdf(low, n - 1) + stats.t.sf(high, n - 1) == pytest.approx(level)
    assert stats.t.cdf(low, n - 1) == pytest.approx(BETTER_SHARE * level)


def test_a_metric_of_whole_queries_has_the_variance_of_its_rounding():
    paired = PairedDifferences.of([0.32, 0.31, 0.33], [0.31, 0.30, 0.32], resolution=0.01)
    assert paired.variance == pytest.approx(0.01**2 / 6)
    assert paired.p == pytest.approx(stats.t.sf(math.sqrt(6 * 3), 2) / BETTER_SHARE)


@pytest.mark.parametrize("n", [2, 3, 10, 40])
def test_equal_differences_have_the_p_of_the_sign_test(n):
    paired = PairedDifferences.of([0.5 + i / 7 for i in range(n)], [i / 7 for i in range(n)])
    assert paired.sd == pytest.approx(0, abs=1e-12)
    assert paired.p == pytest.approx(2.0**-n / BETTER_SHARE)


def test_equal_arms_do_not_differ():
    same = PairedDifferences.of([0.1, 0.2, 0.3], [0.1, 0.2, 0.3])
    assert (same.p, same.interval(0.05)) == (1.0, (0.0, 0.0))


@pytest.mark.parametrize("scale", [1e-9, 1e-150, 0.1])
def test_no_evidence_gives_a_p_of_zero(scale):
    first = [1.0 + scale, 1.0, 1.0 - scale] * 13
    assert 0 < PairedDifferences.of(first, [0.0] * 39).p < 1e-9


@pytest.mark.parametrize(("first", "second"), [([1.0], [2.0]), ([], []), ([1.0, 2.0], [1.0])])
def test_a_pair_needs_two_seeds_of_each_arm(first, second):
    with pytest.raises(ValueError, match="two seeds or more"):
        PairedDifferences.of(first, second)

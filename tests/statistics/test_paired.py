import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from class_sweep.statistics.paired import MAX_SEEDS_NEEDED, PairedDifferences

VALUES = st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=2, max_size=12)


@given(VALUES)
def test_p_and_interval_are_those_of_the_paired_t_test(rows):
    first, second = zip(*rows, strict=True)
    paired = PairedDifferences.of(first, second)
    assume(paired.sd > 1e-6)
    expected = stats.ttest_rel(first, second)
    assert paired.p == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)
    assert paired.interval(0.05) == pytest.approx(
        tuple(expected.confidence_interval(0.95)), rel=1e-6
    )


@given(VALUES, st.floats(1e-4, 0.5))
def test_an_interval_excludes_zero_exactly_if_p_is_below_its_level(rows, level):
    paired = PairedDifferences.of(*zip(*rows, strict=True))
    assume(paired.sd > 1e-6 and not math.isclose(paired.p, level, rel_tol=1e-6))
    low, high = paired.interval(level)
    assert (low > 0 or high < 0) == (paired.p < level)


@given(st.floats(0.05, 5), st.floats(1e-3, 0.2))
def test_the_seeds_needed_are_the_fewest_that_exclude_zero(mean, level):
    needed = PairedDifferences(5, mean, 1.0).seeds_needed(level)

    def excludes_zero(n):
        low, high = PairedDifferences(n, mean, 1.0).interval(level)
        return low > 0 or high < 0

    if needed is None:
        assert not excludes_zero(MAX_SEEDS_NEEDED)
    else:
        assert excludes_zero(needed)
        assert needed == 2 or not excludes_zero(needed - 1)


def test_equal_arms_never_differ_and_a_constant_difference_is_certain():
    same = PairedDifferences.of([0.1, 0.2, 0.3], [0.1, 0.2, 0.3])
    assert (same.p, same.seeds_needed(0.05)) == (1.0, None)
    apart = PairedDifferences.of([0.5, 0.75], [0.25, 0.5])
    assert (apart.p, apart.interval(0.01)) == (0.0, (0.25, 0.25))


@pytest.mark.parametrize(("first", "second"), [([1.0], [2.0]), ([], []), ([1.0, 2.0], [1.0])])
def test_a_pair_needs_two_seeds_of_each_arm(first, second):
    with pytest.raises(ValueError, match="two seeds or more"):
        PairedDifferences.of(first, second)

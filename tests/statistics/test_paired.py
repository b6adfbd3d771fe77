import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from class_sweep.statistics.paired import MAX_SEEDS_NEEDED, PairedDifferences

VALUES = st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=2, max_size=12)


@given(VALUES)
def test_it_is_the_paired_t_test(rows):
    one, other = zip(*rows, strict=True)
    paired = PairedDifferences.of(one, other)
    assume(paired.sd > 1e-6)
    known = stats.ttest_rel(one, other)
    assert paired.p == pytest.approx(known.pvalue, rel=1e-6, abs=1e-12)
    assert paired.interval(0.05) == pytest.approx(tuple(known.confidence_interval(0.95)), rel=1e-6)


@given(VALUES, st.floats(1e-4, 0.5))
def test_an_interval_leaves_nothing_out_exactly_where_p_is_below_its_level(rows, level):
    paired = PairedDifferences.of(*zip(*rows, strict=True))
    assume(paired.sd > 1e-6 and not math.isclose(paired.p, level, rel_tol=1e-6))
    low, high = paired.interval(level)
    assert (low > 0 or high < 0) == (paired.p < level)


@given(st.floats(0.05, 5), st.floats(1e-3, 0.2))
def test_the_seeds_needed_are_the_fewest_that_leave_zero(mean, level):
    needed = PairedDifferences(5, mean, 1.0).seeds_needed(level)

    def leaves(n):
        low, high = PairedDifferences(n, mean, 1.0).interval(level)
        return low > 0 or high < 0

    if needed is None:
        assert not leaves(MAX_SEEDS_NEEDED)
    else:
        assert leaves(needed)
        assert needed == 2 or not leaves(needed - 1)


def test_equal_arms_are_never_told_apart_and_a_constant_difference_at_once():
    same = PairedDifferences.of([0.1, 0.2, 0.3], [0.1, 0.2, 0.3])
    assert (same.p, same.seeds_needed(0.05)) == (1.0, None)
    apart = PairedDifferences.of([0.5, 0.75], [0.25, 0.5])
    assert (apart.p, apart.interval(0.01)) == (0.0, (0.25, 0.25))


@pytest.mark.parametrize(("one", "other"), [([1.0], [2.0]), ([], []), ([1.0, 2.0], [1.0])])
def test_a_pair_needs_two_seeds_of_both(one, other):
    with pytest.raises(ValueError, match="two seeds or more"):
        PairedDifferences.of(one, other)

"""The quality of an order by N, against brute force."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import mannwhitneyu

from class_sweep.difficulty import order_quality
from class_sweep.statistics.rank_correlation import rank_correlation

few_values = st.integers(0, 4)


def counts():
    return arrays.arrays(np.int32, st.integers(2, 40), elements=few_values)


@given(
    arrays.arrays(np.uint16, st.tuples(st.integers(2, 30), st.integers(0, 5)), elements=few_values)
)
def test_each_sigma_is_correlated_with_the_next_and_with_every_trait(table):
    trait = np.arange(len(table)) % 3
    rows = order_quality.correlations(table, {"trait": trait})
    assert len(rows) == table.shape[1]
    for k, row in enumerate(rows):
        assert row.traits == {"trait": rank_correlation(table[:, k], trait)}
        last = k + 1 == table.shape[1]
        expected = None if last else rank_correlation(table[:, k], table[:, k + 1])
        assert row.following == expected


@given(
    arrays.arrays(np.int32, st.integers(1, 6), elements=st.integers(0, 3)),
    st.integers(1, 6),
    st.booleans(),
)
def test_decided_pairs_are_in_the_pool_under_every_tie_break(n, pool, hard_first):
    pool = min(pool, len(n))
    always = set(range(len(n)))
    for within in permutations(range(len(n))):
        order = np.lexsort((within, -n if hard_first else n))
        always &= set(order[:pool].tolist())
    decided = order_quality.decided(n, pool, hard_first=hard_first)
    assert set(np.flatnonzero(decided).tolist()) == always
    share = order_quality.decided_share(n, pool, hard_first=hard_first)
    assert share == pytest.approx(len(always) / pool)


def test_unsigned_counts_are_not_wrapped_by_hard_first():
    n = np.array([0, 0, 3, 9], dtype=np.uint16)
    assert order_quality.decided(n, 2, hard_first=True).tolist() == [False, False, True, True]


@given(counts(), counts())
def test_the_mean_relative_rank_is_the_area_under_the_roc_curve(n, others):
    area = mannwhitneyu(others, n).statistic / len(n) / len(others)
    assert order_quality.mean_relative_rank(n, others) == pytest.approx(area)


def test_no_pairs_have_no_mean_relative_rank():
    assert order_quality.mean_relative_rank(np.array([1, 2]), np.array([], dtype=int)) is None


@pytest.mark.parametrize(
    ("largest_tie", "distinct", "epochs", "good"),
    [(0.49, 10, 5, True), (0.5, 10, 5, False), (0.1, 9, 5, False), (0.1, 29, 30, False)],
)
def test_a_usable_sigma_has_small_ties_and_enough_distinct_counts(
    largest_tie, distinct, epochs, good
):
    assert order_quality.usable(largest_tie, distinct, epochs) is good


@given(st.lists(st.booleans(), max_size=20))
def test_the_longest_run_holds_only_true_values(values):
    run = order_quality.longest_run(values)
    assert all(values[run])
    runs = "".join("x" if value else " " for value in values).split()
    assert len(values[run]) == max(map(len, runs), default=0)

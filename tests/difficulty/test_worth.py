"""Numbers about an order, against brute force."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import mannwhitneyu, spearmanr

from class_sweep.difficulty import worth

few_values = st.integers(0, 4)


def counts():
    return arrays.arrays(np.int32, st.integers(2, 40), elements=few_values)


def constant(values):
    return len(np.unique(values)) == 1


@given(st.data())
def test_rank_correlation_is_spearman_with_ties_averaged(data):
    a = data.draw(counts())
    b = data.draw(arrays.arrays(np.float64, len(a), elements=few_values.map(float)))
    found = worth.rank_correlation(a, b)
    if constant(a) or constant(b):
        assert found is None
    else:
        assert found == pytest.approx(spearmanr(a, b).statistic, abs=1e-12)


@given(
    arrays.arrays(np.uint16, st.tuples(st.integers(2, 30), st.integers(0, 5)), elements=few_values)
)
def test_follows_correlates_each_sigma_with_the_next_and_with_every_trait(table):
    trait = np.arange(len(table)) % 3
    found = worth.follows(table, {"trait": trait})
    assert len(found) == table.shape[1]
    for k, one in enumerate(found):
        assert one.traits == {"trait": worth.rank_correlation(table[:, k], trait)}
        last = k + 1 == table.shape[1]
        expected = None if last else worth.rank_correlation(table[:, k], table[:, k + 1])
        assert one.following == expected


@given(
    arrays.arrays(np.int32, st.integers(1, 6), elements=st.integers(0, 3)),
    st.integers(1, 6),
    st.booleans(),
)
def test_decided_pairs_are_those_in_the_pool_under_every_tie_break(n, pool, hard_first):
    pool = min(pool, len(n))
    always = set(range(len(n)))
    for within in permutations(range(len(n))):
        order = np.lexsort((within, -n if hard_first else n))
        always &= set(order[:pool].tolist())
    found = worth.decided(n, pool, hard_first=hard_first)
    assert set(np.flatnonzero(found).tolist()) == always
    share = worth.decided_share(n, pool, hard_first=hard_first)
    assert share == pytest.approx(len(always) / pool)


def test_unsigned_counts_are_not_wrapped_by_hard_first():
    n = np.array([0, 0, 3, 9], dtype=np.uint16)
    assert worth.decided(n, 2, hard_first=True).tolist() == [False, False, True, True]


@given(counts(), counts())
def test_place_in_order_is_the_area_under_the_roc_curve(n, others):
    area = mannwhitneyu(others, n).statistic / len(n) / len(others)
    assert worth.place_in_order(n, others) == pytest.approx(area)


def test_place_of_nobody():
    assert worth.place_in_order(np.array([1, 2]), np.array([], dtype=int)) is None


@pytest.mark.parametrize(
    ("largest_tie", "distinct", "epochs", "good"),
    [(0.49, 10, 5, True), (0.5, 10, 5, False), (0.1, 9, 5, False), (0.1, 29, 30, False)],
)
def test_usable(largest_tie, distinct, epochs, good):
    assert worth.usable(largest_tie, distinct, epochs) is good


@given(st.lists(st.booleans(), max_size=20))
def test_longest_run(good):
    run = worth.longest_run(good)
    assert all(good[run])
    runs = "".join("x" if value else " " for value in good).split()
    assert len(good[run]) == max(map(len, runs), default=0)

"""How far difficulties agree, against brute force."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from class_sweep.data.pair import PairSet
from class_sweep.preparation.difficulty_agreement import agreements

PAIRS = 30
ROWS = PairSet(
    ids=tuple(map(str, range(PAIRS))),
    smiles=("C",) * PAIRS,
    texts=tuple(f"text {i}" for i in range(PAIRS)),
    split=np.zeros(PAIRS, np.int8),
    molecules=("C",) * PAIRS,
)
numbers = st.lists(st.integers(-3, 3), min_size=PAIRS, max_size=PAIRS).map(np.array)


@given(numbers, numbers)
def test_rows_are_the_rank_correlations_and_the_overlap_of_the_hardest_tenths(first, second):
    rows = agreements({"a": first, "b": second}, {"words": second}, ROWS)
    tenth = PAIRS // 10
    hardest = [set(np.lexsort((range(PAIRS), -n))[:tenth]) for n in (first, second)]
    a, b = rows
    if len(set(first)) > 1 and len(set(second)) > 1:
        expected = spearmanr(first, second).statistic
        assert abs(a.correlation["b"] - expected) < 1e-9
        assert a.correlation["b"] == b.correlation["a"] == a.sorts_by["words"]
        assert abs(a.correlation["a"] - 1) < 1e-9
    else:
        assert a.correlation["b"] is None
    assert a.hardest_in_common["b"] == len(hardest[0] & hardest[1]) / tenth
    assert a.largest_tie == max(np.unique(first, return_counts=True)[1]) / PAIRS


def test_examples_are_the_ends_of_the_order():
    difficulty = np.arange(PAIRS)[::-1] / 2
    [row] = agreements({"a": difficulty}, {}, ROWS)
    assert [e.id for e in row.easiest] == ["29", "28", "27"]
    assert [(e.id, e.difficulty) for e in row.hardest] == [("0", 14.5), ("1", 14), ("2", 13.5)]

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.base.ragged import Ragged

rows = st.lists(st.lists(st.integers(-9, 9), max_size=5), min_size=1, max_size=8)


def ragged(values):
    return Ragged.of([np.array(row, np.int32) for row in values], np.zeros(0, np.int32))


@given(rows, st.data())
def test_rows_are_taken_in_the_requested_order(values, data):
    indices = data.draw(st.lists(st.integers(0, len(values) - 1), max_size=12))
    taken = ragged(values).take(np.array(indices, np.int64))
    expected = [values[index] for index in indices]
    assert len(taken) == len(indices)
    assert taken.values.tolist() == [value for row in expected for value in row]
    assert np.diff(taken.offsets).tolist() == [len(row) for row in expected]
    assert taken.owners().tolist() == [i for i, row in enumerate(expected) for _ in row]


@given(rows)
def test_padding_after_each_row_is_zero(values):
    dense, mask = ragged(values).padded()
    assert dense.shape == mask.shape == (len(values), max(map(len, values)))
    assert [dense[i, mask[i]].tolist() for i in range(len(values))] == values
    assert not dense[~mask].any()


def test_taken_rows_are_a_copy():
    original = ragged([[1, 2], [3]])
    original.take(np.array([0, 1])).values[:] = 9
    assert original.values.tolist() == [1, 2, 3]

"""The bound comparison agrees with PyTorch's comparison operators."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.difficulty.block_comparison import count, reaching, true_positions

NUMBERS = st.sampled_from([-np.inf, -1.0, -0.25, -0.0, 0.0, 1e-30, 0.25, 0.2500001, 0.9, 1.0])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@given(data=st.data())
def test_every_value_that_reaches_a_bound_is_marked(dtype, data):
    def draw(size):
        return np.array(data.draw(st.lists(NUMBERS, min_size=size, max_size=size)), np.float32)

    block = torch.from_numpy(draw(12).reshape(3, 4)).to(dtype)
    rows, columns = draw(3), draw(4)
    row_bounds, column_bounds = (torch.from_numpy(side).to(dtype) for side in (rows, columns))
    expected = (block >= row_bounds[:, None]) | (block >= column_bounds)
    mask = reaching(block, rows, columns)
    assert (mask | ~expected).all()
    exact = dtype == torch.float32 or (min(rows.min(), columns.min()) > 0)
    assert not exact or torch.equal(mask, expected)
    assert count(mask) == len(true_positions(mask)) == int(mask.sum())

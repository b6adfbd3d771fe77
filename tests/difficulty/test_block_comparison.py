"""What a block lets through, against PyTorch's own comparison."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.difficulty.block_comparison import count, reaching, true_positions

NUMBERS = st.sampled_from([-np.inf, -1.0, -0.25, -0.0, 0.0, 1e-30, 0.25, 0.2500001, 0.9, 1.0])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@given(data=st.data())
def test_what_reaches_a_bound_passes(dtype, data):
    def some(many):
        return np.array(data.draw(st.lists(NUMBERS, min_size=many, max_size=many)), np.float32)

    block = torch.from_numpy(some(12).reshape(3, 4)).to(dtype)
    rows, columns = some(3), some(4)
    of_rows, of_columns = (torch.from_numpy(side).to(dtype) for side in (rows, columns))
    expected = (block >= of_rows[:, None]) | (block >= of_columns)
    found = reaching(block, rows, columns)
    assert (found | ~expected).all()
    exact = dtype == torch.float32 or (min(rows.min(), columns.min()) > 0)
    assert not exact or torch.equal(found, expected)
    assert count(found) == len(true_positions(found)) == int(found.sum())

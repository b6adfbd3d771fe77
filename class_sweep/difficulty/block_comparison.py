"""Comparisons of a block of similarities with the bounds of its rows and columns.

On a CPU, NumPy is several times faster than PyTorch for bfloat16: it compares positive values by
their bits, as integers.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

_PASSES_ALL = np.int16(-(2**15))  # a bound that every bfloat16 value reaches


def reaching(
    block: torch.Tensor, rows: NDArray[np.float32], columns: NDArray[np.float32]
) -> torch.Tensor:
    """Mark the values that may reach the bound of their row or of their column.

    The bounds are rounded to the format of the block. Rounding is monotone, so a value that reaches
    a bound also reaches the rounded bound. In bfloat16 every value passes a bound ≤ 0.

    Args:
        block: (a, b) values.
        rows: (a,) bounds.
        columns: (b,) bounds.

    Returns:
        (a, b) bool.
    """
    row_bounds = torch.from_numpy(rows).to(block)[:, None]
    column_bounds = torch.from_numpy(columns).to(block)[None, :]
    if block.device.type != "cpu":
        return (block >= row_bounds) | (block >= column_bounds)
    values, from_rows, from_columns = map(_comparable, (block, row_bounds, column_bounds))
    if block.dtype == torch.bfloat16:
        from_rows, from_columns = (
            np.where(bound > 0, bound, _PASSES_ALL) for bound in (from_rows, from_columns)
        )
    mask = values >= from_rows
    np.logical_or(mask, values >= from_columns, out=mask)
    return torch.from_numpy(mask)


def count(mask: torch.Tensor) -> int:
    """The number of true values."""
    if mask.device.type == "cpu":
        return int(np.count_nonzero(mask.numpy()))
    return int(mask.count_nonzero().item())


def true_positions(mask: torch.Tensor) -> NDArray[np.int64]:
    """The flat positions of the true values, ascending."""
    return np.flatnonzero(mask.cpu().numpy())


def _comparable(values: torch.Tensor) -> NDArray[Any]:
    """NumPy numbers in the order of the values, if the values are positive."""
    bits = values.view(torch.int16) if values.dtype == torch.bfloat16 else values
    return bits.numpy()

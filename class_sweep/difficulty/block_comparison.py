"""Comparisons of a block of similarities with the bounds of its rows and columns.

On a CPU, NumPy is several times faster than PyTorch for bfloat16: it compares positive values by
their bits, as integers.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

_EVERYTHING = np.int16(-(2**15))


def reaching(
    block: torch.Tensor, rows: NDArray[np.float32], columns: NDArray[np.float32]
) -> torch.Tensor:
    """The values that may reach the bound of their row or of their column.

    The bounds are rounded to the format of the block. Rounding is monotone, so a value that reaches
    a bound also reaches the rounded bound. In bfloat16 every value passes a bound ≤ 0.

    Args:
        block: (a, b) values.
        rows: (a,) bounds.
        columns: (b,) bounds.

    Returns:
        (a, b) bool.
    """
    of_rows, of_columns = (torch.from_numpy(bound).to(block)[:, None] for bound in (rows, columns))
    of_columns = of_columns.T
    if block.device.type != "cpu":
        return (block >= of_rows) | (block >= of_columns)
    values, a, b = (_comparable(side) for side in (block, of_rows, of_columns))
    if block.dtype == torch.bfloat16:
        a, b = (np.where(bound > 0, bound, _EVERYTHING) for bound in (a, b))
    mask = values >= a
    np.logical_or(mask, values >= b, out=mask)
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
    """The values as NumPy numbers of the same order, if they are positive."""
    bits = values.view(torch.int16) if values.dtype == torch.bfloat16 else values
    return bits.numpy()

"""Which values of a block reach the bound of their row or of their column.

On a CPU NumPy compares: several times faster than PyTorch where values are bfloat16, whose
positive numbers it compares as the whole numbers that their bits are.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

_EVERYTHING = np.int16(-(2**15))


def reaching(
    block: torch.Tensor, rows: NDArray[np.float32], columns: NDArray[np.float32]
) -> torch.Tensor:
    """(a, b) bool: values that may reach a bound of (a,) rows' or of (b,) columns'.

    The bounds are rounded to the block's format. Rounding is monotone, so a value that reaches a
    bound still reaches it. In bfloat16 a bound that is not positive lets every value pass.
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
    """How many are true."""
    if mask.device.type == "cpu":
        return int(np.count_nonzero(mask.numpy()))
    return int(mask.count_nonzero().item())


def places(mask: torch.Tensor) -> NDArray[np.int64]:
    """The flat places of those that are true, ascending."""
    return np.flatnonzero(mask.cpu().numpy())


def _comparable(values: torch.Tensor) -> NDArray[Any]:
    """Numbers that NumPy knows, in the same order where they are positive."""
    bits = values.view(torch.int16) if values.dtype == torch.bfloat16 else values
    return bits.numpy()

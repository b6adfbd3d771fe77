"""Optimal transport by the inexact proximal point method, batched and in log space.

IPOT (Xie et al. 2019, arXiv 1802.04307): each proximal step, with weight β of the Kullback-Leibler
divergence to the last plan, is solved by one Sinkhorn iteration that starts where the last one
ended. After n steps the plan is exp(−n·C/β + f + g) with potentials f of the rows and g of the
columns. The state is f, g and the last change of g, where the next iteration starts.
"""

import logging
import math
import warnings
from collections.abc import Callable
from functools import cache

import torch

log = logging.getLogger(__name__)

_LARGEST = 1 << 24  # costs per block on a GPU: 64 MiB
_LARGEST_IN_CACHE = 1 << 19  # costs per block on a CPU: 2 MiB
_WORTH_COMPILING = 1 << 16  # costs from which on a step is compiled

State = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""The potentials of rows (P, T) and columns (P, M), and the last change of the latter, (P, M)."""


@torch.no_grad()
def proximal_plan(
    cost: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor, *, beta: float, iterations: int
) -> torch.Tensor:
    """The logarithm of the transport plan of each of P problems between uniform masses.

    Args:
        cost: (P, T, M) float32 or float64.
        rows: (P, T) true where there is a row; at least one per problem.
        columns: (P, M) true where there is a column; at least one per problem.
        beta: β, at least 1/40 of the range of the cost. After equally many steps, a smaller β is
            nearer to the exact plan.
        iterations: The number of proximal steps.

    Returns:
        (P, T, M) log plan, −∞ in the padding. A plan's m columns sum to 1/m exactly, its n rows to
        1/n approximately.
    """
    apart = ~(rows.unsqueeze(2) & columns.unsqueeze(1))
    kernel = (-cost / beta).masked_fill(apart, -math.inf)
    row_mass, column_mass = (1 / mask.sum(1, keepdim=True) for mask in (rows, columns))
    # Three separate tensors, or the compiled step would assume that two of them are one.
    first, second, third = (torch.zeros_like(m, dtype=cost.dtype) for m in (rows, columns, columns))
    state: State = first, second, third
    large = cost.numel() >= _WORTH_COMPILING and min(cost.shape) > 1
    advance = _compiled(cost.device.type) if large else _advance
    for step in range(1, iterations + 1):
        # A tensor, because each Python number would be compiled anew.
        sharpened = torch.tensor(float(step), dtype=cost.dtype)
        state = advance(state, kernel, sharpened, rows, columns, row_mass, column_mass)
    row_potential, column_potential, _ = state
    return iterations * kernel + row_potential.unsqueeze(2) + column_potential.unsqueeze(1)


def _advance(
    state: State,
    kernel: torch.Tensor,
    step: torch.Tensor,
    rows: torch.Tensor,
    columns: torch.Tensor,
    row_mass: torch.Tensor,
    column_mass: torch.Tensor,
) -> State:
    """One proximal step."""
    row_potential, column_potential, change = state
    # From logarithms each time, because entries that are 0 now may grow again. The masses of the
    # last plan were right, so no sum of this plan is far below them.
    start = column_potential + change
    plan = (row_potential.unsqueeze(2) + start.unsqueeze(1) + kernel * step).exp()
    row_scale = (row_mass / plan.sum(2)).masked_fill(~rows, 1)
    sums = (row_scale.unsqueeze(2) * plan).sum(1)  # a matrix product would prevent fusion
    column_scale = (column_mass / sums).masked_fill(~columns, 1)
    change = change + column_scale.log()
    return row_potential + row_scale.log(), column_potential + change, change


@cache
def _compiled(device: str) -> Callable[..., State]:
    """`_advance` compiled to few passes over memory; uncompiled if there is no working compiler."""
    # Sizes that all differ, so that later calls compile nothing, and as large as later ones,
    # because the first call decides how threads divide the work.
    p, t, m = 1021, 61, 17
    sizes = ((p, t), (p, m), (p, m), (p, t, m), (p, 1), (p, 1))
    first, second, third, kernel, *mass = (torch.ones(size, device=device) for size in sizes)
    given = (first, second, third), kernel, torch.tensor(1.0), first > 0, second > 0, *mass
    try:
        with warnings.catch_warnings():  # the compiler's import uses deprecated names
            warnings.simplefilter("ignore", DeprecationWarning)
            compiled: Callable[..., State] = torch.compile(_advance, dynamic=True)
            compiled(*given)
    except Exception as error:  # compilers fail in many ways
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        log.warning("ORMA's transport is not compiled, and so slower: %s", reason)
        return _advance
    return compiled


@torch.no_grad()
def aligned(
    similarity: torch.Tensor,
    rows: torch.Tensor,
    columns: torch.Tensor,
    *,
    beta: float,
    iterations: int,
) -> torch.Tensor:
    """The column that receives most of each row's mass, at the cost 1 − similarity.

    Problems of similar sizes are solved together, which saves padding.

    Args:
        similarity: (P, T, M) similarities.
        rows: (P, T) true where there is a row; at least one per problem.
        columns: (P, M) true where there is a column; at least one per problem.
        beta: See `proximal_plan`.
        iterations: See `proximal_plan`.

    Returns:
        (P, T) int64 columns; undefined in the padding.
    """
    aligned_columns = torch.zeros(rows.shape, dtype=torch.int64, device=rows.device)
    heights, widths = _ends(rows), _ends(columns)
    largest = _LARGEST if similarity.is_cuda else _LARGEST_IN_CACHE
    block_size = max(1, largest // max(1, similarity[0].numel()))
    for block in torch.split(widths.argsort(stable=True), block_size):
        height, width = int(heights[block].max()), int(widths[block].max())
        plan = proximal_plan(
            1 - similarity[block, :height, :width],
            rows[block, :height],
            columns[block, :width],
            beta=beta,
            iterations=iterations,
        )
        aligned_columns[block, :height] = plan.argmax(dim=2)
    return aligned_columns


def _ends(mask: torch.Tensor) -> torch.Tensor:
    """(P, n) mask to (P,) the index after its last true value."""
    indices = torch.arange(1, mask.shape[1] + 1, device=mask.device)
    return (mask * indices).amax(dim=1)

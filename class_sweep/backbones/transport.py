"""Optimal transport by the inexact proximal point method, batched, without underflow.

IPOT (Xie et al. 2019, arXiv 1802.04307): each proximal step, with weight β of the Kullback-Leibler
divergence to the last plan, is solved by one Sinkhorn iteration that starts where the last one
ended. After n steps the plan is exp(−n·C/β + f + g) with potentials f of the rows and g of the
columns. A few steps at a time multiply a plan by exp(−C/β) and rescale it; between them the plan is
computed anew from the potentials, so entries that were 0 may grow again.
"""

import math

import torch

_LARGEST = 1 << 24  # costs per block on a GPU: 64 MiB
_LARGEST_IN_CACHE = 1 << 18  # costs per block on a CPU: 1 MiB
_STEPS_PER_BETA = 16  # steps before the potentials are used, over β: factors down to e^−32


@torch.no_grad()
def proximal_plan(
    cost: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor, *, beta: float, iterations: int
) -> torch.Tensor:
    """The logarithm of the transport plan of each of P problems between uniform masses.

    Args:
        cost: (P, T, M) float32 or float64, in [0, 2].
        rows: (P, T) true where there is a row; at least one per problem.
        columns: (P, M) true where there is a column; at least one per problem.
        beta: β, at least 1/40 of the range of the cost. After equally many steps, a smaller β is
            nearer to the exact plan.
        iterations: The number of proximal steps.

    Returns:
        (P, T, M) log plan, −∞ in the padding. A plan's m columns sum to 1/m exactly, its n rows to
        1/n approximately.
    """
    # Problems in the last dimension, over which every operation is then contiguous.
    there = (rows.T.unsqueeze(1) & columns.T.unsqueeze(0)).contiguous()
    apart = ~there
    log_kernel = -cost.permute(1, 2, 0).contiguous() / beta
    kernel = log_kernel.exp().masked_fill_(apart, 0)
    row_mask, column_mask = rows.T.unsqueeze(1), columns.T.unsqueeze(0)
    row_mass, column_mass = (1 / mask.sum((0, 1)) for mask in (row_mask, column_mask))
    # Added to sums that are 0 in the padding, which would divide by 0.
    no_row, no_column = ((~mask).to(cost.dtype) for mask in (row_mask, column_mask))
    row_potential, column_potential = torch.zeros_like(no_row), torch.zeros_like(no_column)
    change = torch.ones_like(no_column)  # of the column scale in the last step
    scaled = torch.empty_like(kernel)  # one buffer, because allocation costs more than a product
    at_once = max(1, math.floor(_STEPS_PER_BETA * beta))
    for done in range(0, iterations, at_once):
        log_plan = done * log_kernel + row_potential + column_potential
        plan = log_plan.exp_().masked_fill_(apart, 0)
        column_scale, start = torch.ones_like(no_column), change
        for _ in range(min(at_once, iterations - done)):
            plan *= kernel
            torch.mul(plan, start, out=scaled)
            row_scale = row_mass / scaled.sum(1, keepdim=True).add_(no_row)
            torch.mul(plan, row_scale, out=scaled)
            scale = column_mass / scaled.sum(0, keepdim=True).add_(no_column)
            change, column_scale = scale / column_scale, scale
            start = scale * change
        row_potential += row_scale.log()
        column_potential += column_scale.log()
    total = iterations * log_kernel + row_potential + column_potential
    return total.masked_fill_(apart, -math.inf).permute(2, 0, 1)


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

    On a CPU, problems of similar sizes are solved together, which saves padding. On a GPU the sizes
    are unknown to the host, and to ask for them would stop it until the GPU has caught up.

    Args:
        similarity: (P, T, M) similarities.
        rows: (P, T) true where there is a row; at least one per problem.
        columns: (P, M) true where there is a column; at least one per problem.
        beta: See `proximal_plan`.
        iterations: See `proximal_plan`.

    Returns:
        (P, T) int64 columns; undefined in the padding.
    """

    def solve(part: torch.Tensor, row: torch.Tensor, column: torch.Tensor) -> torch.Tensor:
        return proximal_plan(1 - part, row, column, beta=beta, iterations=iterations).argmax(dim=2)

    known = _knows_sizes(similarity.device)
    size = max(1, (_LARGEST_IN_CACHE if known else _LARGEST) // max(1, similarity[0].numel()))
    if not known:
        whole = similarity, rows, columns
        blocks = zip(*(torch.split(tensor, size) for tensor in whole), strict=True)
        return torch.cat([solve(*block) for block in blocks])
    found = torch.zeros(rows.shape, dtype=torch.int64)
    heights, widths = _ends(rows), _ends(columns)
    for block in torch.split(widths.argsort(stable=True), size):
        height, width = int(heights[block].max()), int(widths[block].max())
        part = similarity[block, :height, :width]
        found[block, :height] = solve(part, rows[block, :height], columns[block, :width])
    return found


def _knows_sizes(device: torch.device) -> bool:
    return device.type == "cpu"


def _ends(mask: torch.Tensor) -> torch.Tensor:
    """(P, n) mask to (P,) the index after its last true value."""
    indices = torch.arange(1, mask.shape[1] + 1)
    return (mask * indices).amax(dim=1)

"""Optimal transport by the inexact proximal point method, batched and in log space.

Xie et al. 2019 (arXiv 1802.04307): each step moves from the last plan by β under the
Kullback-Leibler divergence, and is itself solved by one round of Sinkhorn's scaling, from where the
last one ended. After n steps the plan is exp(−n·C/β + f + g), f over rows and g over columns: these
two are all that has to be kept, and g's last change, from which the next round starts.
"""

import math

import torch

_LARGEST = 1 << 24  # numbers of a cost that are worked on at a time on a GPU: 64 MiB
_LARGEST_IN_CACHE = 1 << 17  # and on a processor: 512 KiB


@torch.no_grad()
def proximal_plan(
    cost: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor, *, beta: float, iterations: int
) -> torch.Tensor:
    """The logarithm of the plan of each of P problems between uniform masses.

    Args:
        cost: (P, T, M) float32 or float64.
        rows: (P, T) which rows there are; at least one.
        columns: (P, M) which columns there are; at least one.
        beta: Of a proximal step, at least a fortieth of the cost's range; smaller is nearer to the
            exact plan after as many steps.
        iterations: Proximal steps.

    Returns:
        (P, T, M), −inf where there is no row or no column. Columns sum to 1/m exactly, rows to 1/n
        nearly.
    """
    apart = ~(rows.unsqueeze(2) & columns.unsqueeze(1))
    kernel = (-cost / beta).masked_fill(apart, -math.inf)
    row_mass, column_mass = (1 / mask.sum(1, keepdim=True) for mask in (rows, columns))
    row_potential = torch.zeros_like(rows, dtype=cost.dtype)
    column_potential = torch.zeros_like(columns, dtype=cost.dtype)
    change = column_potential
    for step in range(1, iterations + 1):
        # From logarithms each time: what is nothing now may grow again. As the last plan had the
        # right masses, no sum of this one is much below them, whatever the potentials are.
        start = column_potential + change
        plan = (row_potential.unsqueeze(2) + start.unsqueeze(1)).add_(kernel, alpha=step).exp_()
        row_scale = (row_mass / plan.sum(2)).masked_fill(~rows, 1)
        sums = (row_scale.unsqueeze(1) @ plan).squeeze(1)
        column_scale = (column_mass / sums).masked_fill(~columns, 1)
        row_potential = row_potential + row_scale.log()
        change = change + column_scale.log()
        column_potential = column_potential + change
    return iterations * kernel + row_potential.unsqueeze(2) + column_potential.unsqueeze(1)


@torch.no_grad()
def aligned(
    similarity: torch.Tensor,
    rows: torch.Tensor,
    columns: torch.Tensor,
    *,
    beta: float,
    iterations: int,
) -> torch.Tensor:
    """The column with most of each row's mass, at the cost 1 − similarity.

    Problems of like sizes are solved together, so that few large ones don't pad all the others.

    Args:
        similarity: (P, T, M)
        rows: (P, T) which rows there are; at least one.
        columns: (P, M) which columns there are; at least one.
        beta: See `proximal_plan`.
        iterations: See `proximal_plan`.

    Returns:
        (P, T) int64; any column where there is no row.
    """
    found = torch.zeros(rows.shape, dtype=torch.int64, device=rows.device)
    heights, widths = _ends(rows), _ends(columns)
    largest = _LARGEST if similarity.is_cuda else _LARGEST_IN_CACHE
    at_a_time = max(1, largest // max(1, similarity[0].numel()))
    for some in torch.split(widths.argsort(stable=True), at_a_time):
        height, width = int(heights[some].max()), int(widths[some].max())
        plan = proximal_plan(
            1 - similarity[some, :height, :width],
            rows[some, :height],
            columns[some, :width],
            beta=beta,
            iterations=iterations,
        )
        found[some, :height] = plan.argmax(dim=2)
    return found


def _ends(mask: torch.Tensor) -> torch.Tensor:
    """(P, n) to (P,) the place behind the last one there is."""
    places = torch.arange(1, mask.shape[1] + 1, device=mask.device)
    return (mask * places).amax(dim=1)

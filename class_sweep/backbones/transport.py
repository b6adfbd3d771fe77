"""Optimal transport by the inexact proximal point method, batched and in log space.

Xie et al. 2019 (arXiv 1802.04307): each step moves from the last plan by β under the
Kullback-Leibler divergence, and is itself solved by one round of Sinkhorn's scaling, from where the
last one ended. After n steps the plan is exp(−n·C/β + f + g), f over rows and g over columns: these
two are all that has to be kept, and g's last change, from which the next round starts.
"""

import math

import torch

_LARGEST = 1 << 22  # numbers of a cost that are worked on at a time: 16 MiB


@torch.no_grad()
def proximal_plan(
    cost: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor, *, beta: float, iterations: int
) -> torch.Tensor:
    """The logarithm of the plan of each of P problems between uniform masses.

    Args:
        cost: (P, T, M) float32 or float64.
        rows: (P, T) which rows there are; at least one.
        columns: (P, M) which columns there are; at least one.
        beta: Of a proximal step; smaller is nearer to the exact plan after as many steps.
        iterations: Proximal steps.

    Returns:
        (P, T, M), −inf where there is no row or no column. Columns sum to 1/m exactly, rows to 1/n
        nearly.
    """
    apart = ~(rows.unsqueeze(2) & columns.unsqueeze(1))
    kernel = (-cost / beta).masked_fill(apart, -math.inf)
    row_mass = -rows.sum(1, keepdim=True).to(cost.dtype).log()
    column_mass = -columns.sum(1, keepdim=True).to(cost.dtype).log()
    row_potential = torch.zeros_like(rows, dtype=cost.dtype)
    column_potential = torch.zeros_like(columns, dtype=cost.dtype)
    change = column_potential
    for step in range(1, iterations + 1):
        grown = step * kernel
        scaled = (grown + (column_potential + change).unsqueeze(1)).logsumexp(2)
        row_potential = (row_mass - scaled).masked_fill(~rows, 0)
        scaled = (grown + row_potential.unsqueeze(2)).logsumexp(1)
        found = (column_mass - scaled).masked_fill(~columns, 0)
        column_potential, change = found, found - column_potential
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
    """(P, T) the column with most of each row's mass, at the cost 1 − similarity (P, T, M)."""
    at_a_time = max(1, _LARGEST // max(1, similarity[0].numel()))
    parts = (torch.split(part, at_a_time) for part in (similarity, rows, columns))
    found = [
        proximal_plan(1 - some, r, c, beta=beta, iterations=iterations).argmax(dim=2)
        for some, r, c in zip(*parts, strict=True)
    ]
    return torch.cat(found)

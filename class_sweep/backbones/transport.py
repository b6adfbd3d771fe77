"""Optimal transport by the inexact proximal point method, batched and in log space.

Xie et al. 2019 (arXiv 1802.04307): each step moves from the last plan by β under the
Kullback-Leibler divergence, and is itself solved by one round of Sinkhorn's scaling, from where the
last one ended. After n steps the plan is exp(−n·C/β + f + g), f over rows and g over columns: these
two are all that has to be kept, and g's last change, from which the next round starts.
"""

import logging
import math
import warnings
from collections.abc import Callable
from functools import cache

import torch

log = logging.getLogger(__name__)

_LARGEST = 1 << 24  # numbers of a cost that are worked on at a time on a GPU: 64 MiB
_LARGEST_IN_CACHE = 1 << 19  # and on a processor: 2 MiB
_WORTH_COMPILING = 1 << 16  # numbers of a cost from which on a step is compiled

State = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""The potentials of rows (P, T) and of columns (P, M), and the last change of these."""


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
    # Three tensors: that two of them are one would be compiled in.
    first, second, third = (torch.zeros_like(m, dtype=cost.dtype) for m in (rows, columns, columns))
    state: State = first, second, third
    large = cost.numel() >= _WORTH_COMPILING and min(cost.shape) > 1
    advance = _compiled(cost.device.type) if large else _advance
    for step in range(1, iterations + 1):
        # A tensor, for each number would be compiled anew.
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
    # From logarithms each time: what is nothing now may grow again. As the last plan had the
    # right masses, no sum of this one is much below them, whatever the potentials are.
    start = column_potential + change
    plan = (row_potential.unsqueeze(2) + start.unsqueeze(1) + kernel * step).exp()
    row_scale = (row_mass / plan.sum(2)).masked_fill(~rows, 1)
    sums = (row_scale.unsqueeze(2) * plan).sum(1)  # a product would keep it from being compiled
    column_scale = (column_mass / sums).masked_fill(~columns, 1)
    change = change + column_scale.log()
    return row_potential + row_scale.log(), column_potential + change, change


@cache
def _compiled(device: str) -> Callable[..., State]:
    """`_advance` in a few passes over memory instead of ten; as it is where no compiler works."""
    # As in the calls to come, with no two sizes alike, so that these compile nothing; and as large,
    # for how the work is divided among threads is decided here.
    p, t, m = 1021, 61, 17
    sizes = ((p, t), (p, m), (p, m), (p, t, m), (p, 1), (p, 1))
    first, second, third, kernel, *mass = (torch.ones(size, device=device) for size in sizes)
    given = (first, second, third), kernel, torch.tensor(1.0), first > 0, second > 0, *mass
    try:
        with warnings.catch_warnings():  # of the compiler's own making, while it is imported
            warnings.simplefilter("ignore", DeprecationWarning)
            compiled: Callable[..., State] = torch.compile(_advance, dynamic=True)
            compiled(*given)
    except Exception as error:  # of many kinds, and each means the same
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

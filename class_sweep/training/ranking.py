"""Retrieval metrics: where the true partner of a query stands among all candidates."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.config.components import METRICS

TIE_TOLERANCE = 1e-6
"""Scores of unit vectors closer than this are equal: float32 products of equal rows may differ in
their last bits with the rows' places in a block."""

_SCORES = 1 << 23  # scores held at a time: 32 MiB

Pairs = tuple[torch.Tensor, torch.Tensor]
"""(P,) queries, ascending, and (P,) the candidate of each."""


def mid_ranks(
    queries: torch.Tensor,
    candidates: torch.Tensor,
    targets: torch.Tensor,
    ignored: Pairs | None = None,
) -> NDArray[np.float64]:
    """The 1-based rank of each query's target; ties take the middle of their ranks.

    Args:
        queries: (Q, D) unit vectors.
        candidates: (C, D) unit vectors.
        targets: (Q,) the candidate that is each query's partner.
        ignored: Queries and candidates that are right as well, and so not counted against them.

    Returns:
        (Q,) ranks from 1 to C; halves where an even number of candidates tie.
    """
    ranks = []
    ones = candidates.new_ones(len(candidates))
    held = candidates.new_empty(0)
    for start, scores in score_blocks(queries, candidates, ignored):
        held = held if len(held) else torch.empty_like(scores)
        found = held[: len(scores)]
        own = scores.gather(1, targets[start : start + len(scores), None])
        # Counted by a product: several times faster than a sum over truth values, and as exact.
        above = torch.gt(scores, own + TIE_TOLERANCE, out=found) @ ones
        level = torch.ge(scores, own - TIE_TOLERANCE, out=found) @ ones - above  # with the target
        ranks.append(above + (level + 1) / 2)
    return torch.cat(ranks).double().cpu().numpy()


def top(
    queries: torch.Tensor, candidates: torch.Tensor, count: int, ignored: Pairs | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """(Q, k) the scores of the best k candidates, best first, and which they are; see `mid_ranks`.

    k is `count`, or C where there are fewer; what is ignored scores −∞.
    """
    count = min(count, len(candidates))
    found = [scores.topk(count, dim=1) for _, scores in score_blocks(queries, candidates, ignored)]
    return torch.cat([f.values for f in found]), torch.cat([f.indices for f in found])


def score_blocks(
    queries: torch.Tensor, candidates: torch.Tensor, ignored: Pairs | None
) -> Iterator[tuple[int, torch.Tensor]]:
    """The first query of each block and the block's scores (n, C), in memory that is used again."""
    size = max(1, min(len(queries), _SCORES // len(candidates)))
    held = queries.new_empty(size, len(candidates))
    for start in range(0, len(queries), size):
        block = queries[start : start + size]
        scores = torch.mm(block, candidates.T, out=held[: len(block)])
        if ignored is not None:
            here = (ignored[0] >= start) & (ignored[0] < start + size)
            scores[ignored[0][here] - start, ignored[1][here]] = -torch.inf
        yield start, scores


def metrics_of(ranks: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """The values of each query, (Q,) for every metric; `summarise` takes their means."""
    return {name: METRICS.load(name)(ranks) for name in METRICS}


def summarise(ranks: NDArray[np.float64]) -> dict[str, float]:
    """The metrics of one direction."""
    return {name: float(values.mean()) for name, values in metrics_of(ranks).items()}

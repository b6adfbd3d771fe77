"""Retrieval metrics: the rank of each query's partner among all candidates."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.config.components import METRICS

TIE_TOLERANCE = 1e-6
"""Scores of unit vectors that differ by at most this are equal: float32 products of equal rows may
differ in their last bits with the position of the rows in a block."""

_BLOCK_SCORES = 1 << 23  # scores in memory at a time: 32 MiB

IndexPairs = tuple[torch.Tensor, torch.Tensor]
"""(P,) queries, ascending, and (P,) the candidate of each."""


def mid_ranks(
    queries: torch.Tensor,
    candidates: torch.Tensor,
    targets: torch.Tensor,
    ignored: IndexPairs | None = None,
) -> NDArray[np.float64]:
    """The rank of each query's target, from 1; tied candidates share the middle of their ranks.

    Args:
        queries: (Q, D) unit vectors.
        candidates: (C, D) unit vectors.
        targets: (Q,) the candidate that is each query's partner.
        ignored: Queries and further right candidates of them, which do not count as rivals.

    Returns:
        (Q,) ranks from 1 to C; a half rank if an even number of candidates tie.

    Example:
        >>> points = torch.eye(3)
        >>> mid_ranks(points, points, torch.tensor([0, 1, 0])).tolist()
        [1.0, 1.0, 2.5]
    """
    ranks = []
    ones = candidates.new_ones(len(candidates))
    buffer = candidates.new_empty(0)
    for start, scores in score_blocks(queries, candidates, ignored):
        buffer = buffer if len(buffer) else torch.empty_like(scores)
        compared = buffer[: len(scores)]
        target_scores = scores.gather(1, targets[start : start + len(scores), None])
        # A product counts several times faster than a sum over truth values, and is as exact.
        above = torch.gt(scores, target_scores + TIE_TOLERANCE, out=compared) @ ones
        at_least = torch.ge(scores, target_scores - TIE_TOLERANCE, out=compared) @ ones
        tied = at_least - above  # with the target itself
        ranks.append(above + (tied + 1) / 2)
    return torch.cat(ranks).cpu().double().numpy()  # MPS has no float64


def best_candidates(
    queries: torch.Tensor, candidates: torch.Tensor, count: int, ignored: IndexPairs | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """The scores and the indices of each query's best candidates, best first.

    Args:
        queries: (Q, D) unit vectors.
        candidates: (C, D) unit vectors.
        count: The number of candidates per query; k = min(`count`, C).
        ignored: Queries and candidates whose score becomes −∞.

    Returns:
        (Q, k) scores, and (Q, k) indices.
    """
    count = min(count, len(candidates))
    blocks = [scores.topk(count, dim=1) for _, scores in score_blocks(queries, candidates, ignored)]
    return torch.cat([b.values for b in blocks]), torch.cat([b.indices for b in blocks])


def score_blocks(
    queries: torch.Tensor, candidates: torch.Tensor, ignored: IndexPairs | None
) -> Iterator[tuple[int, torch.Tensor]]:
    """The first query of each block and the block's scores (n, C). Blocks share their memory."""
    size = max(1, min(len(queries), _BLOCK_SCORES // len(candidates)))
    buffer = queries.new_empty(size, len(candidates))
    for start in range(0, len(queries), size):
        block = queries[start : start + size]
        scores = torch.mm(block, candidates.T, out=buffer[: len(block)])
        if ignored is not None:
            here = (ignored[0] >= start) & (ignored[0] < start + size)
            scores[ignored[0][here] - start, ignored[1][here]] = -torch.inf
        yield start, scores


def query_metrics(ranks: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Each metric's name to its values over the queries, (Q,); the metric is their mean."""
    return {name: METRICS.load(name)(ranks) for name in METRICS}


def mean_metrics(ranks: NDArray[np.float64]) -> dict[str, float]:
    """The metrics of one direction from (Q,) ranks.

    Example:
        >>> mean_metrics(np.array([1.0, 2.0, 4.0, 11.0]))["hits@10"]
        0.75
    """
    return {name: float(values.mean()) for name, values in query_metrics(ranks).items()}

"""Retrieval metrics: where the true partner of a query stands among all candidates."""

import numpy as np
import torch
from numpy.typing import NDArray

TIE_TOLERANCE = 1e-6
"""Scores of unit vectors closer than this are equal: float32 products of equal rows may differ in
their last bits with the rows' places in a block."""

_BLOCK = 1024  # queries at a time


def mid_ranks(
    queries: torch.Tensor, candidates: torch.Tensor, targets: torch.Tensor
) -> NDArray[np.float64]:
    """The 1-based rank of each query's target; ties take the middle of their ranks.

    Args:
        queries: (Q, D) unit vectors.
        candidates: (C, D) unit vectors.
        targets: (Q,) the candidate that is each query's partner.

    Returns:
        (Q,) ranks from 1 to C; halves where an even number of candidates tie.
    """
    ranks = []
    for start in range(0, len(queries), _BLOCK):
        scores = queries[start : start + _BLOCK] @ candidates.T
        own = scores.gather(1, targets[start : start + _BLOCK, None])
        above = (scores > own + TIE_TOLERANCE).sum(1)
        level = (scores >= own - TIE_TOLERANCE).sum(1) - above  # the target itself among them
        ranks.append(above + (level + 1) / 2)
    return torch.cat(ranks).double().cpu().numpy()


def summarise(ranks: NDArray[np.float64]) -> dict[str, float]:
    """Metrics of one direction: `mrr` and `hits@k` in [0, 1], `mean_rank` from 1."""
    return {
        "mrr": float((1 / ranks).mean()),
        "hits@1": float((ranks <= 1).mean()),
        "hits@10": float((ranks <= 10).mean()),
        "mean_rank": float(ranks.mean()),
    }

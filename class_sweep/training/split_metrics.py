"""The ranks and metrics of a backbone over a split, in both directions and in pools of candidates.

The pool `split` ranks against the split alone, `all` against the whole data set (the protocol of
Text2Mol, Edwards, Zhai and Ji 2021). Metric names are those of `class_sweep.config.objective`.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.backbones.backbone import Backbone
from class_sweep.config.components import METRICS
from class_sweep.config.objective import DIRECTIONS, metric_name, pool_in, ranking_name
from class_sweep.errors import TrainingError
from class_sweep.training.encoding import embed_molecules, embed_texts
from class_sweep.training.features import TrialFeatures
from class_sweep.training.pools import Candidates, Pool, Rows, pool_of
from class_sweep.training.ranking import IndexPairs, best_candidates, mean_metrics, mid_ranks
from class_sweep.training.reranking import fine_scores, reranked

Ranks = dict[str, NDArray[np.float64]]
"""Direction to the (Q,) ranks of a split's pairs, in the order of their rows."""


def split_metrics(
    backbone: Backbone,
    features: TrialFeatures,
    split: str,
    pools: Sequence[str],
    device: torch.device,
) -> dict[str, float]:
    """Every metric of a split: `pool/direction/metric`, and `pool/metric` for their mean.

    Raises:
        TrainingError: If an embedding is not finite.
    """
    return metrics_of_ranks(split_ranks(backbone, features, split, pools, device))


def split_ranks(
    backbone: Backbone,
    features: TrialFeatures,
    split: str,
    pools: Sequence[str],
    device: torch.device,
) -> Ranks:
    """`pool/direction` to the (Q,) ranks of a split's pairs, in the order of their rows.

    Raises:
        TrainingError: If an embedding is not finite.
    """
    ranks = pool_ranks(backbone, features, split, pools, device)
    return {
        ranking_name(pool, direction): ranks[pool][direction]
        for pool in pools
        for direction in DIRECTIONS
    }


def metrics_of_ranks(ranks: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    """Every metric of the ranks of `split_ranks`."""
    metrics: dict[str, float] = {}
    for pool in dict.fromkeys(pool_in(name) for name in ranks):
        of_pool = {direction: ranks[ranking_name(pool, direction)] for direction in DIRECTIONS}
        metrics |= pool_metrics(pool, of_pool)
    return metrics


def pool_metrics(pool: str, ranks: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    """Every metric of one pool under its full name.

    Args:
        pool: The name of the pool.
        ranks: Direction to the (Q,) ranks in this pool.
    """
    means = {direction: mean_metrics(ranks[direction]) for direction in DIRECTIONS}
    metrics = {metric_name(pool, m, d): means[d][m] for d in DIRECTIONS for m in METRICS}
    for m in METRICS:
        metrics[metric_name(pool, m)] = sum(means[d][m] for d in DIRECTIONS) / len(DIRECTIONS)
    return metrics


@torch.no_grad()
def pool_ranks(
    backbone: Backbone,
    features: TrialFeatures,
    split: str,
    pools: Sequence[str],
    device: torch.device,
    *,
    depth: int = 0,
) -> dict[str, Ranks]:
    """The ranks of a split's pairs in each pool.

    Args:
        backbone: The model.
        features: The features of the data set.
        split: The split whose pairs are the queries.
        pools: The names of the pools.
        device: The device of the backbone.
        depth: The number of candidates per query that the fine score reorders; 0 for none.

    Raises:
        TrainingError: If an embedding is not finite. Every comparison with NaN is false, so the
            ranks would be too good.
    """
    by_name = {name: pool_of(features, split, name) for name in pools}
    widest = max(by_name.values(), key=lambda pool: len(pool.molecules.ids))
    texts = _require_finite(embed_texts(backbone, features, widest.texts.rows, device))
    molecules = _require_finite(embed_molecules(backbone, features, widest.molecules.rows, device))
    return {
        name: _ranks(
            backbone,
            features,
            pool,
            _subset(texts, widest.texts, pool.texts),
            _subset(molecules, widest.molecules, pool.molecules),
            depth,
        )
        for name, pool in by_name.items()
    }


def _ranks(
    backbone: Backbone,
    features: TrialFeatures,
    pool: Pool,
    texts: torch.Tensor,
    molecules: torch.Tensor,
    depth: int,
) -> Ranks:
    """The ranks of both directions.

    Args:
        backbone: The model.
        features: The features of the data set.
        pool: The queries and candidates.
        texts: (C_text, D) the embeddings of the pool's texts.
        molecules: (C_molecule, D) the embeddings of the pool's molecules.
        depth: The number of candidates per query that the fine score reorders; 0 for none.
    """
    device = texts.device
    ranks = {}
    for direction, query_side, candidate_side in (
        ("text_to_molecule", (pool.texts, texts), (pool.molecules, molecules)),
        ("molecule_to_text", (pool.molecules, molecules), (pool.texts, texts)),
    ):
        queries, candidates = query_side[0], candidate_side[0]
        embedded = query_side[1][_to_device(queries.pair_index, device)]
        targets, ignored = _to_device(candidates.pair_index, device), _ignored(candidates, device)
        target_ranks = mid_ranks(embedded, candidate_side[1], targets, ignored)
        if depth:
            scores, indices = best_candidates(embedded, candidate_side[1], depth, ignored)
            candidate_rows = candidates.rows[indices.cpu().numpy()]
            query_rows = queries.rows[queries.pair_index][:, None]
            query_rows = np.broadcast_to(query_rows, candidate_rows.shape)
            by_text = direction == "text_to_molecule"
            sides = (query_rows, candidate_rows) if by_text else (candidate_rows, query_rows)
            fine = fine_scores(backbone, features, sides, device)
            fine = fine.masked_fill(scores == -torch.inf, -torch.inf)
            target_ranks = reranked(target_ranks, fine, indices == targets[:, None])
        ranks[direction] = target_ranks
    return ranks


def _subset(embedded: torch.Tensor, of: Candidates, subset: Candidates) -> torch.Tensor:
    """The embeddings of a subset of the candidates `of`."""
    if len(of.ids) == len(subset.ids):
        return embedded
    return embedded[_to_device(np.searchsorted(of.ids, subset.ids), embedded.device)]


def _ignored(candidates: Candidates, device: torch.device) -> IndexPairs | None:
    if candidates.ignored is None:
        return None
    queries, indices = candidates.ignored
    return _to_device(queries, device), _to_device(indices, device)


def _to_device(rows: Rows, device: torch.device) -> torch.Tensor:
    return torch.from_numpy(rows).to(device)


def _require_finite(embedded: torch.Tensor) -> torch.Tensor:
    if not torch.isfinite(embedded).all():
        raise TrainingError("embeddings must be finite numbers, got infinite or NaN ones")
    return embedded

"""A backbone's ranks and metrics over a split, in both directions, against pools of candidates."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.backbones.backbone import Backbone
from class_sweep.config.components import METRICS
from class_sweep.config.objective import DIRECTIONS
from class_sweep.errors import TrainingError
from class_sweep.training.encoding import embed_molecules, embed_texts
from class_sweep.training.features import TrialFeatures
from class_sweep.training.pools import Pool, Rows, Side, pool_of
from class_sweep.training.ranking import Pairs, mid_ranks, summarise, top
from class_sweep.training.reranking import fine_scores, reranked

Ranks = dict[str, NDArray[np.float64]]
"""Direction to the (Q,) ranks of a split's pairs, in the order of their rows."""


def evaluate(
    backbone: Backbone,
    features: TrialFeatures,
    split: str,
    pools: Sequence[str],
    device: torch.device,
) -> dict[str, float]:
    """Rank every pair of a split, both ways, and name each metric `pool/direction/metric`.

    The pool `split` ranks against the split alone, `all` against the whole data set (Text2Mol's
    protocol). `pool/metric` is the mean of both directions.

    Raises:
        TrainingError: If an embedding is not finite; compared with NaN, every rank would be a win.
    """
    return metrics_of(ranks_of(backbone, features, split, pools, device))


def ranks_of(
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
    found = rank(backbone, features, split, pools, device)
    return {
        f"{pool}/{direction}": found[pool][direction] for pool in pools for direction in DIRECTIONS
    }


def metrics_of(ranks: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    """Every metric of some ranks: `pool/direction/metric`, then the mean of both directions."""
    metrics: dict[str, float] = {}
    for pool in dict.fromkeys(name.split("/")[0] for name in ranks):
        of_pool = {direction: ranks[f"{pool}/{direction}"] for direction in DIRECTIONS}
        metrics |= {f"{pool}/{name}": value for name, value in means(of_pool).items()}
    return metrics


def means(ranks: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    """The metrics of one pool: `direction/metric`, and `metric` for the mean of both directions."""
    found = {direction: summarise(ranks[direction]) for direction in DIRECTIONS}
    metrics = {f"{d}/{m}": found[d][m] for d in DIRECTIONS for m in METRICS}
    return metrics | {m: sum(found[d][m] for d in DIRECTIONS) / len(DIRECTIONS) for m in METRICS}


@torch.no_grad()
def rank(
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
        backbone: What scores.
        features: What it scores.
        split: Whose pairs are the queries.
        pools: Their names.
        device: Where the backbone is.
        depth: Candidates of each query that its fine score puts in a new order; 0 for none.

    Raises:
        TrainingError: If an embedding is not finite.
    """
    found = {name: pool_of(features, split, name) for name in pools}
    widest = max(found.values(), key=lambda pool: len(pool.molecules.ids))
    texts = _finite(embed_texts(backbone, features, widest.texts.rows, device))
    molecules = _finite(embed_molecules(backbone, features, widest.molecules.rows, device))
    return {
        name: _ranks(
            backbone,
            features,
            pool,
            _some(texts, widest.texts, pool.texts),
            _some(molecules, widest.molecules, pool.molecules),
            depth,
        )
        for name, pool in found.items()
    }


def _ranks(
    backbone: Backbone,
    features: TrialFeatures,
    pool: Pool,
    texts: torch.Tensor,
    molecules: torch.Tensor,
    depth: int,
) -> Ranks:
    device = texts.device
    ranks = {}
    for direction, queries, candidates in (
        ("text_to_molecule", (pool.texts, texts), (pool.molecules, molecules)),
        ("molecule_to_text", (pool.molecules, molecules), (pool.texts, texts)),
    ):
        asked, side = queries[0], candidates[0]
        own = queries[1][_on(asked.own, device)]
        targets, ignored = _on(side.own, device), _ignored(side, device)
        found = mid_ranks(own, candidates[1], targets, ignored)
        if depth:
            scores, places = top(own, candidates[1], depth, ignored)
            near = side.rows[places.cpu().numpy()]
            far = np.broadcast_to(asked.rows[asked.own][:, None], near.shape)
            by_text = direction == "text_to_molecule"
            rows = (far, near) if by_text else (near, far)
            fine = fine_scores(backbone, features, rows, device)
            fine = fine.masked_fill(scores == -torch.inf, -torch.inf)
            found = reranked(found, fine, places == targets[:, None])
        ranks[direction] = found
    return ranks


def _some(embedded: torch.Tensor, of: Side, wanted: Side) -> torch.Tensor:
    """The embeddings of one side's candidates, which are among another's."""
    if len(of.ids) == len(wanted.ids):
        return embedded
    return embedded[_on(np.searchsorted(of.ids, wanted.ids), embedded.device)]


def _ignored(side: Side, device: torch.device) -> Pairs | None:
    return (_on(side.ignored[0], device), _on(side.ignored[1], device)) if side.ignored else None


def _on(rows: Rows, device: torch.device) -> torch.Tensor:
    return torch.from_numpy(rows).to(device)


def _finite(embedded: torch.Tensor) -> torch.Tensor:
    if not torch.isfinite(embedded).all():
        raise TrainingError("embeddings must be finite numbers, got infinite or NaN ones")
    return embedded

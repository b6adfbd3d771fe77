"""A backbone's metrics over a split, in both directions, against either pool of candidates."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.backbones.backbone import Backbone
from class_sweep.config.objective import DIRECTIONS, METRICS
from class_sweep.errors import TrainingError
from class_sweep.training.encoding import embed_rows
from class_sweep.training.features import TrialFeatures
from class_sweep.training.ranking import mid_ranks, summarise


def evaluate(
    backbone: Backbone,
    features: TrialFeatures,
    split: str,
    pools: Sequence[str],
    device: torch.device,
) -> dict[str, float]:
    """Rank every pair of a split, both ways, and name each metric `pool/direction/metric`.

    The pool `split` ranks against the split alone, `all` against every pair of the data set
    (Text2Mol's protocol). `pool/metric` is the mean of both directions.

    Raises:
        TrainingError: If an embedding is not finite; compared with NaN, every rank would be a win.
    """
    return metrics_of(ranks_of(backbone, features, split, pools, device))


@torch.no_grad()
def ranks_of(
    backbone: Backbone,
    features: TrialFeatures,
    split: str,
    pools: Sequence[str],
    device: torch.device,
) -> dict[str, NDArray[np.float64]]:
    """`pool/direction` to the (Q,) ranks of a split's pairs, in the order of their rows.

    Raises:
        TrainingError: If an embedding is not finite.
    """
    queries = features.rows(split)
    everything = np.arange(len(features.split))
    ranks: dict[str, NDArray[np.float64]] = {}
    for pool in pools:
        rows = queries if pool == "split" else everything
        texts, molecules = _embed(backbone, features, rows, device)
        places = torch.from_numpy(np.searchsorted(rows, queries)).to(device)
        ranks[f"{pool}/text_to_molecule"] = mid_ranks(texts[places], molecules, places)
        ranks[f"{pool}/molecule_to_text"] = mid_ranks(molecules[places], texts, places)
    return ranks


def metrics_of(ranks: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    """Every metric of some ranks: `pool/direction/metric`, then the mean of both directions."""
    metrics: dict[str, float] = {}
    for pool in dict.fromkeys(name.split("/")[0] for name in ranks):
        found = {direction: summarise(ranks[f"{pool}/{direction}"]) for direction in DIRECTIONS}
        for direction in DIRECTIONS:
            metrics |= {f"{pool}/{direction}/{m}": found[direction][m] for m in METRICS}
        metrics |= {
            f"{pool}/{m}": sum(found[direction][m] for direction in DIRECTIONS) / len(DIRECTIONS)
            for m in METRICS
        }
    return metrics


def _embed(
    backbone: Backbone, features: TrialFeatures, rows: np.ndarray, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    found = embed_rows(backbone, features, rows, device)
    if not all(torch.isfinite(embedded).all() for embedded in found):
        raise TrainingError("embeddings must be finite numbers, got infinite or NaN ones")
    return found

"""Reranking: the best candidates of a first ranking, reordered by a backbone's fine pair score."""

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.backbones.backbone import Backbone, Encoded
from class_sweep.training.encoding import encode_molecules, encode_texts
from class_sweep.training.features import TrialFeatures
from class_sweep.training.ranking import TIE_TOLERANCE

_BLOCK_PAIRS = 2048  # pairs scored at a time


@torch.no_grad()
def fine_scores(
    backbone: Backbone,
    features: TrialFeatures,
    rows: tuple[NDArray[np.int64], NDArray[np.int64]],
    device: torch.device,
) -> torch.Tensor:
    """The fine score of each pair, in evaluation mode, in the shape of `rows`.

    Args:
        backbone: The model.
        features: The features of the data set.
        rows: The rows of the texts and of the molecules, two arrays of one shape.
        device: The device of the backbone.
    """
    backbone.eval()
    blocks = []
    texts, molecules = (side.ravel() for side in rows)
    for start in range(0, len(texts), _BLOCK_PAIRS):
        block = slice(start, start + _BLOCK_PAIRS)
        # Each text and molecule is encoded once, however many pairs it is in.
        text, of_text = np.unique(texts[block], return_inverse=True)
        molecule, of_molecule = np.unique(molecules[block], return_inverse=True)
        sides = (
            encode_texts(backbone, features.texts(text, device), device),
            encode_molecules(backbone, features.molecules(molecule, device), device),
        )
        scores = backbone.pair_scores(_take(sides[0], of_text), _take(sides[1], of_molecule))
        blocks.append(scores)
    return torch.cat(blocks).view(rows[0].shape)


def reranked(
    ranks: NDArray[np.float64], fine: torch.Tensor, is_target: torch.Tensor
) -> NDArray[np.float64]:
    """The ranks after the best k candidates have been ordered by their fine scores.

    Args:
        ranks: (Q,) ranks of the first ranking, which stay for targets outside of the best k.
        fine: (Q, k) fine scores of the best k; −∞ for an ignored candidate.
        is_target: (Q, k) whether a candidate is the target; at most one per row.
    """
    target_scores = fine.masked_fill(~is_target, -torch.inf).amax(dim=1, keepdim=True)
    above = (fine > target_scores + TIE_TOLERANCE).sum(1)
    tied = (fine >= target_scores - TIE_TOLERANCE).sum(1) - above
    fine_ranks = (above + (tied + 1) / 2).double().cpu().numpy()
    return np.where(is_target.any(dim=1).cpu().numpy(), fine_ranks, ranks)


def _take(side: Encoded, rows: NDArray[np.int64]) -> Encoded:
    return {name: tensor[torch.from_numpy(rows).to(tensor.device)] for name, tensor in side.items()}

"""The best candidates of a first ranking in the order of a backbone's fine pair score."""

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.backbones.backbone import Backbone, Encoded
from class_sweep.training.encoding import encode_molecules, encode_texts
from class_sweep.training.features import TrialFeatures
from class_sweep.training.ranking import TIE_TOLERANCE

_PAIRS = 2048  # scored at a time


@torch.no_grad()
def fine_scores(
    backbone: Backbone,
    features: TrialFeatures,
    rows: tuple[NDArray[np.int64], NDArray[np.int64]],
    device: torch.device,
) -> torch.Tensor:
    """The fine score of each pair, in the shape of its arguments, in evaluation mode.

    Args:
        backbone: What scores.
        features: What it scores.
        rows: Of texts and of molecules, in one shape.
        device: Where the backbone is.
    """
    backbone.eval()
    found = []
    texts, molecules = (side.ravel() for side in rows)
    for start in range(0, len(texts), _PAIRS):
        here = slice(start, start + _PAIRS)
        # Each once, however many pairs it is in.
        text, of_text = np.unique(texts[here], return_inverse=True)
        molecule, of_molecule = np.unique(molecules[here], return_inverse=True)
        sides = (
            encode_texts(backbone, features.texts(text, device), device),
            encode_molecules(backbone, features.molecules(molecule, device), device),
        )
        scores = backbone.pair_scores(_rows(sides[0], of_text), _rows(sides[1], of_molecule))
        found.append(scores)
    return torch.cat(found).view(rows[0].shape)


def reranked(
    ranks: NDArray[np.float64], fine: torch.Tensor, is_target: torch.Tensor
) -> NDArray[np.float64]:
    """The ranks after the best k candidates were put in the order of their fine scores.

    Args:
        ranks: (Q,) of the first ranking; they stand where a target is not among the best k.
        fine: (Q, k) of the best k; −∞ for one that doesn't count.
        is_target: (Q, k) at most one a row.
    """
    own = fine.masked_fill(~is_target, -torch.inf).amax(dim=1, keepdim=True)
    above = (fine > own + TIE_TOLERANCE).sum(1)
    level = (fine >= own - TIE_TOLERANCE).sum(1) - above
    found = (above + (level + 1) / 2).double().cpu().numpy()
    return np.where(is_target.any(dim=1).cpu().numpy(), found, ranks)


def _rows(side: Encoded, rows: NDArray[np.int64]) -> Encoded:
    return {name: tensor[torch.from_numpy(rows).to(tensor.device)] for name, tensor in side.items()}

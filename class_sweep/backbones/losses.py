"""Losses over a batch of pairs whose other pairs are the negatives."""

import math

import torch
from torch import nn
from torch.nn import functional

_LARGEST_SCALE = math.log(100.0)  # CLIP's bound: beyond it training turns unstable


def log_scale(temperature: float) -> nn.Parameter:
    """The learned logarithm of an inverse temperature, at its start."""
    return nn.Parameter(torch.tensor(-math.log(temperature)))


@torch.no_grad()
def bound(scale: torch.Tensor) -> None:
    """Clamp a learned log scale in place, so that it can come back from the bound."""
    scale.clamp_(max=_LARGEST_SCALE)


def symmetric_cross_entropy(
    texts: torch.Tensor, molecules: torch.Tensor, log_scale: torch.Tensor
) -> torch.Tensor:
    """Mean of both directions' cross-entropy over in-batch negatives (CLIP, arXiv 2103.00020).

    Args:
        texts: (B, D) unit vectors.
        molecules: (B, D) unit vectors of the same pairs.
        log_scale: () logarithm of the inverse temperature.
    """
    return contrast(texts @ molecules.T, log_scale)


def contrast(similarity: torch.Tensor, log_scale: torch.Tensor) -> torch.Tensor:
    """The same from (B, B) similarities, row i's partner in column i."""
    logits = log_scale.exp() * similarity
    target = torch.arange(len(logits), device=logits.device)
    forward = functional.cross_entropy(logits, target)
    backward = functional.cross_entropy(logits.T, target)
    return (forward + backward) / 2


def hardest_triplet(similarity: torch.Tensor, margin: float, softness: float = 0) -> torch.Tensor:
    """Mean over both directions of the hinge against the hardest negative in the batch.

    max(0, m − s⁺ + s⁻), s⁻ being the highest similarity of a text to another's molecule, and of a
    molecule to another's text (VSE++, arXiv 1707.05612, whose sum this is half of).

    Softened, s⁻ is τ·log mean exp(s/τ) over the negatives: their mean where all are alike, the
    highest where one stands out. Against the highest alone, a model whose embeddings are nearly
    alike at first finds it cheapest to make them alike, and stays at a loss of m.

    Args:
        similarity: (B, B) cosines, row i's partner in column i.
        margin: m.
        softness: τ; 0 for the hardest negative as it is.
    """
    own = similarity.diagonal()
    partner = torch.eye(len(similarity), dtype=torch.bool, device=similarity.device)
    others = similarity.masked_fill(partner, -math.inf)
    hinges = [functional.relu(margin - own + _hardest(others, side, softness)) for side in (0, 1)]
    return (hinges[0] + hinges[1]).mean() / 2


def _hardest(others: torch.Tensor, side: int, softness: float) -> torch.Tensor:
    if softness == 0:
        return others.amax(dim=side)
    return softness * ((others / softness).logsumexp(dim=side) - math.log(len(others) - 1))

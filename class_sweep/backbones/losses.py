"""Losses over a batch of pairs, in which the other pairs are the negatives."""

import math

import torch
from torch import nn
from torch.nn import functional

_LARGEST_SCALE = math.log(100.0)  # the bound of CLIP, above which training is unstable


def log_scale(temperature: float) -> nn.Parameter:
    """A parameter for the logarithm of the inverse temperature, initialised at a temperature."""
    return nn.Parameter(torch.tensor(-math.log(temperature)))


@torch.no_grad()
def bound(scale: torch.Tensor) -> None:
    """Clamp a learned log scale in place; its gradient can still lead away from the bound."""
    scale.clamp_(max=_LARGEST_SCALE)


def symmetric_cross_entropy(
    texts: torch.Tensor, molecules: torch.Tensor, log_scale: torch.Tensor
) -> torch.Tensor:
    """The mean cross-entropy of both directions over the batch (CLIP, arXiv 2103.00020).

    Args:
        texts: (B, D) unit vectors.
        molecules: (B, D) unit vectors of the same pairs.
        log_scale: () the logarithm of the inverse temperature.
    """
    return contrast(texts @ molecules.T, log_scale)


def contrast(similarity: torch.Tensor, log_scale: torch.Tensor) -> torch.Tensor:
    """`symmetric_cross_entropy` from (B, B) similarities; the partner of row i is column i."""
    logits = log_scale.exp() * similarity
    target = torch.arange(len(logits), device=logits.device)
    forward = functional.cross_entropy(logits, target)
    backward = functional.cross_entropy(logits.T, target)
    return (forward + backward) / 2


def hardest_triplet(similarity: torch.Tensor, margin: float, softness: float = 0) -> torch.Tensor:
    """The triplet loss with the hardest negative of the batch, averaged over both directions.

    max(0, m − s⁺ + s⁻), where s⁺ is the similarity of the pair and s⁻ the largest similarity of
    the text to another molecule, or of the molecule to another text. VSE++ (arXiv 1707.05612) takes
    the sum of both directions, twice this mean.

    With τ > 0, s⁻ is τ·log mean exp(s/τ) over the negatives: near their mean if they are similar,
    near the largest if it stands out. With τ = 0, a model whose embeddings are nearly equal at
    first tends to make them equal, and its loss stays at m.

    Args:
        similarity: (B, B) cosines; the partner of row i is column i.
        margin: m.
        softness: τ; 0 for the largest similarity itself.

    Returns:
        () the mean hinge.
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

"""Losses over a batch of pairs, in which the other pairs are the negatives."""

import math

import torch
from torch import nn
from torch.nn import functional

_LARGEST_SCALE = math.log(100.0)  # the bound of CLIP, above which training is unstable


def log_scale(temperature: float, *, learned: bool) -> nn.Parameter:
    """A parameter for the logarithm of the inverse temperature.

    Args:
        temperature: Its temperature, or the initial one.
        learned: Whether it gets a gradient.
    """
    return nn.Parameter(torch.tensor(-math.log(temperature)), requires_grad=learned)


def scaled(similarity: torch.Tensor, log_scale: torch.Tensor) -> torch.Tensor:
    """Similarities times the inverse temperature, which is at most 100.

    A log scale above the bound is clamped in place, so that its gradient can still lead away.

    Args:
        similarity: Similarities of any shape.
        log_scale: () the logarithm of the inverse temperature.
    """
    if log_scale.requires_grad:
        with torch.no_grad():
            log_scale.clamp_(max=_LARGEST_SCALE)
    return log_scale.exp() * similarity


def contrast(logits: torch.Tensor, hard_negatives: float = 0) -> torch.Tensor:
    """The mean cross-entropy of both directions over the batch (CLIP, arXiv 2103.00020).

    With ρ > 0 a hard negative counts for more, and the negatives of a row have mean weight 1
    (Robinson et al. 2021, arXiv 2010.04592, without their debiasing):
    L_i = −log(e^{z_ii} / (e^{z_ii} + Σ_{j≠i} w_ij e^{z_ij})),
    w_ij = exp(ρ z_ij) / mean_{k≠i} exp(ρ z_ik). The weights get no gradient.

    Args:
        logits: (B, B) z, the scaled similarities; the partner of row i is column i.
        hard_negatives: ρ; 0 for equal weights.

    Returns:
        () the mean loss.

    Raises:
        ValueError: If ρ > 0 and a pair has no negatives.
    """
    target = torch.arange(len(logits), device=logits.device)
    of_texts, of_molecules = logits, logits.T
    if hard_negatives:
        if len(logits) == 1:
            raise ValueError(
                "hard_negatives must be 0 for a batch of one pair, which has no negatives"
            )
        hardness = (hard_negatives * logits.detach()).fill_diagonal_(-math.inf)
        of_texts = _weighed(logits, hardness)
        of_molecules = _weighed(logits.T, hardness.T)
    forward = functional.cross_entropy(of_texts, target)
    backward = functional.cross_entropy(of_molecules, target)
    return (forward + backward) / 2


def _weighed(logits: torch.Tensor, hardness: torch.Tensor) -> torch.Tensor:
    """(B, B) z + log w − log(B − 1), and without log w on the diagonal.

    log w = log softmax(hardness) + log(B − 1) over the negatives of a row; in logarithms no
    exponential can overflow. Cross-entropy ignores a constant of a row.
    """
    log_weights = functional.log_softmax(hardness, dim=1)
    return log_weights.fill_diagonal_(-math.log(len(logits) - 1)).add_(logits)


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

"""Losses over a batch of pairs whose other pairs are the negatives."""

import torch
from torch.nn import functional


def symmetric_cross_entropy(
    texts: torch.Tensor, molecules: torch.Tensor, log_scale: torch.Tensor
) -> torch.Tensor:
    """Mean of both directions' cross-entropy over in-batch negatives (CLIP, arXiv 2103.00020).

    Args:
        texts: (B, D) unit vectors.
        molecules: (B, D) unit vectors of the same pairs.
        log_scale: () logarithm of the inverse temperature.
    """
    logits = log_scale.exp() * texts @ molecules.T
    target = torch.arange(len(texts), device=texts.device)
    forward = functional.cross_entropy(logits, target)
    backward = functional.cross_entropy(logits.T, target)
    return (forward + backward) / 2

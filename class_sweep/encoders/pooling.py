"""The pooling of token vectors to one vector per text, and the layer at a depth."""

import torch


def pool(hidden: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """Pool (B, T, D) with mask (B, T) to (B, D): the first token (`cls`) or the masked mean."""
    if pooling == "cls":
        return hidden[:, 0]
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


def layer_at(depth: float, layers: int) -> int:
    """The layer at a depth in (0, 1] of a transformer; 0 is its embeddings, `layers` its last."""
    return max(1, round(depth * layers))

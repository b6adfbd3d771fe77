"""The pooling of token vectors to one vector per text, and the layer at a depth."""

import torch


def pool(hidden: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """Pool (B, T, D) to (B, D): the first token (`cls`), the last one (`last`) or the masked mean.

    Padding may be at either side: (B, T) `mask` is true where there is a token.
    """
    if pooling == "mean":
        weights = mask.unsqueeze(-1).to(hidden.dtype)
        return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)
    places = torch.arange(mask.shape[1], device=mask.device)
    rank = -places if pooling == "cls" else places
    token = rank.masked_fill(~mask.bool(), -mask.shape[1]).argmax(dim=1)
    return hidden[torch.arange(len(hidden), device=hidden.device), token]


def layer_at(depth: float, layers: int) -> int:
    """The layer at a depth in (0, 1] of a transformer; 0 is its embeddings, `layers` its last."""
    return max(1, round(depth * layers))

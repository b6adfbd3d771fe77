"""Margins of training pairs: how far a model scores a pair above its best wrong partner.

The margin is that of AUM (Pleiss et al. 2020, arXiv 2001.10528), with the other pairs of a batch in
place of the other classes.
"""

from typing import Protocol

import torch


class MarginObserver(Protocol):
    """What receives the margins of each batch of a training."""

    def observe(self, pairs: torch.Tensor, margins: torch.Tensor) -> None:
        """Receive the (B,) margins of B training pairs, both on the device, without waiting."""


@torch.no_grad()
def batch_margins(scores: torch.Tensor) -> torch.Tensor:
    """(B,) z_ii − max(max over j ≠ i of z_ij, max over j ≠ i of z_ji) of (B, B) scores z."""
    itself = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    others = scores.masked_fill(itself, -torch.inf)
    return scores.diagonal() - torch.maximum(others.amax(dim=0), others.amax(dim=1))

"""What a retrieval model offers to the trial that trains it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn


@dataclass(frozen=True)
class Batch:
    """Pairs as a backbone takes them.

    Attributes:
        texts: (B, D_text) frozen text features.
        molecules: (B, D_molecule) frozen molecule features of the same pairs.
    """

    texts: torch.Tensor
    molecules: torch.Tensor


class Backbone(nn.Module, ABC):
    """Two encoders into one space. A pair's score is the inner product of its embeddings.

    Attributes:
        parts: The names that `loss_parts` gives, which a curriculum's intensity may tell apart.
    """

    parts: ClassVar[tuple[str, ...]]

    @abstractmethod
    def embed_texts(self, texts: torch.Tensor) -> torch.Tensor:
        """(B, D_text) features to (B, D) unit vectors, each from its own row alone."""

    @abstractmethod
    def embed_molecules(self, molecules: torch.Tensor) -> torch.Tensor:
        """(B, D_molecule) features to (B, D) unit vectors, each from its own row alone."""

    @abstractmethod
    def loss_parts(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Named scalar parts whose sum is the loss of a batch."""

    def parameter_groups(self, weight_decay: float) -> list[dict[str, object]]:
        """The optimizer's groups; gains, biases and scalars are not decayed."""
        decayed = [p for p in self.parameters() if p.requires_grad and p.ndim > 1]
        plain = [p for p in self.parameters() if p.requires_grad and p.ndim <= 1]
        return [
            {"params": decayed, "weight_decay": weight_decay},
            {"params": plain, "weight_decay": 0.0},
        ]

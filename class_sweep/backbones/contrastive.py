"""Two projection heads over frozen features, a learned temperature, symmetric cross-entropy."""

import math

import torch
from torch import nn
from torch.nn import functional

from class_sweep.backbones.backbone import Backbone, Batch
from class_sweep.backbones.losses import symmetric_cross_entropy
from class_sweep.config.sections import ContrastiveBackbone

_LARGEST_SCALE = math.log(100.0)  # CLIP's bound: beyond it training turns unstable


class Contrastive(Backbone):
    """The dual encoder of CLIP (arXiv 2103.00020) with a multilayer perceptron for each head."""

    parts = ("contrastive",)

    def __init__(
        self, settings: ContrastiveBackbone, text_dimension: int, molecule_dimension: int
    ) -> None:
        super().__init__()
        self.text_head = _head(text_dimension, settings)
        self.molecule_head = _head(molecule_dimension, settings)
        self.log_scale = nn.Parameter(torch.tensor(-math.log(settings.temperature)))

    def embed_texts(self, texts: torch.Tensor) -> torch.Tensor:
        """(B, D_text) features to (B, dimension) unit vectors."""
        return functional.normalize(self.text_head(texts), dim=-1)

    def embed_molecules(self, molecules: torch.Tensor) -> torch.Tensor:
        """(B, D_molecule) features to (B, dimension) unit vectors."""
        return functional.normalize(self.molecule_head(molecules), dim=-1)

    def loss_parts(self, batch: Batch) -> dict[str, torch.Tensor]:
        """`contrastive`: symmetric cross-entropy over the batch."""
        with torch.no_grad():  # the parameter itself, so that it can come back from the bound
            self.log_scale.clamp_(max=_LARGEST_SCALE)
        texts, molecules = self.embed_texts(batch.texts), self.embed_molecules(batch.molecules)
        return {"contrastive": symmetric_cross_entropy(texts, molecules, self.log_scale)}


def _head(features: int, settings: ContrastiveBackbone) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(features),
        nn.Linear(features, settings.hidden),
        nn.GELU(),
        nn.Dropout(settings.dropout),
        nn.Linear(settings.hidden, settings.dimension),
    )

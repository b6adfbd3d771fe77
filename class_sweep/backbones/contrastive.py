"""The contrastive baseline: two projection heads, a learned temperature, cross-entropy."""

import torch
from torch import nn
from torch.nn import functional

from class_sweep.backbones.backbone import Backbone, Encoded
from class_sweep.backbones.batch import InputSpec, Molecules, Texts
from class_sweep.backbones.losses import bound, log_scale, symmetric_cross_entropy
from class_sweep.config.backbones import ContrastiveBackbone


class Contrastive(Backbone):
    """The dual encoder of CLIP (arXiv 2103.00020) with a perceptron as the head of each side."""

    parts = ("contrastive",)

    def __init__(self, settings: ContrastiveBackbone, inputs: InputSpec) -> None:
        super().__init__(settings, inputs)
        self.text_head = _head(inputs.text_width, settings)
        self.molecule_head = _head(inputs.molecule_width, settings)
        self.log_scale = log_scale(settings.temperature)

    def project_texts(self, texts: Texts) -> Encoded:
        """`embedding`, (B, D)."""
        return {"embedding": functional.normalize(self.text_head(texts.sentence), dim=-1)}

    def encode_molecules(self, molecules: Molecules) -> Encoded:
        """`embedding`, (B, D)."""
        return {"embedding": functional.normalize(self.molecule_head(molecules.vectors), dim=-1)}

    def loss_parts(self, texts: Encoded, molecules: Encoded) -> dict[str, torch.Tensor]:
        """`contrastive`: the symmetric cross-entropy over the batch."""
        bound(self.log_scale)
        sides = texts["embedding"], molecules["embedding"]
        return {"contrastive": symmetric_cross_entropy(*sides, self.log_scale)}


def _head(features: int, settings: ContrastiveBackbone) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(features),
        nn.Linear(features, settings.hidden),
        nn.GELU(),
        nn.Dropout(settings.dropout),
        nn.Linear(settings.hidden, settings.dimension),
    )

"""The contrastive baseline: two projection heads, a temperature, cross-entropy."""

import torch
from torch import nn
from torch.nn import functional

from class_sweep.backbones.backbone import Backbone, Encoded
from class_sweep.backbones.batch import InputSpec, Molecules, Texts
from class_sweep.backbones.losses import contrast, log_scale, scaled
from class_sweep.config.backbones import ContrastiveBackbone


class Contrastive(Backbone):
    """The dual encoder of CLIP (arXiv 2103.00020) with a perceptron as the head of each side."""

    parts = ("contrastive",)
    weighs_negatives = True

    def __init__(self, settings: ContrastiveBackbone, inputs: InputSpec) -> None:
        super().__init__(settings, inputs)
        self.text_head = _head(inputs.text_width, settings)
        self.molecule_head = _head(inputs.molecule_width, settings)
        self.log_scale = log_scale(settings.temperature, learned=settings.learn_temperature)

    def project_texts(self, texts: Texts) -> Encoded:
        """`embedding`, (B, D)."""
        return {"embedding": functional.normalize(self.text_head(texts.sentence), dim=-1)}

    def project_molecules(self, molecules: Molecules) -> Encoded:
        """`embedding`, (B, D)."""
        return {"embedding": functional.normalize(self.molecule_head(molecules.vectors), dim=-1)}

    def logits(self, texts: Encoded, molecules: Encoded) -> torch.Tensor:
        """(B, B) the cosines times the inverse temperature."""
        return scaled(super().logits(texts, molecules), self.log_scale)

    def loss_parts(self, texts: Encoded, molecules: Encoded) -> dict[str, torch.Tensor]:
        """`contrastive`: the mean of both directions' cross-entropy over the batch."""
        return {"contrastive": contrast(self.logits(texts, molecules), self.hard_negatives)}


def _head(features: int, settings: ContrastiveBackbone) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(features),
        nn.Linear(features, settings.hidden),
        nn.GELU(),
        nn.Dropout(settings.dropout),
        nn.Linear(settings.hidden, settings.dimension),
    )

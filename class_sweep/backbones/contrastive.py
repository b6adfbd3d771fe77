"""The contrastive baseline: two heads, over vectors or a graph network, and a temperature."""

import torch
from torch import nn
from torch.nn import functional

from class_sweep.backbones.backbone import Backbone, Encoded, Needs
from class_sweep.backbones.batch import InputSpec, Molecules, Texts
from class_sweep.backbones.graph_layers import AtomEmbedding, GraphIsomorphism
from class_sweep.backbones.losses import contrast, log_scale, scaled
from class_sweep.config.backbones import ContrastiveBackbone


class Contrastive(Backbone):
    """The dual encoder of CLIP (arXiv 2103.00020) with a perceptron as the head of each side.

    With `molecule: gin`, the head of the molecules is over a graph isomorphism network.
    """

    parts = ("contrastive",)
    weighs_negatives = True

    def __init__(self, settings: ContrastiveBackbone, inputs: InputSpec) -> None:
        super().__init__(settings, inputs)
        self.text_head = _head(inputs.text_width, settings)
        graphs = self.needs(settings).graphs
        self.graph_encoder = _GraphEncoder(settings, inputs) if graphs else None
        width = (1 + settings.layers) * settings.hidden if graphs else inputs.molecule_width
        self.molecule_head = _head(width, settings)
        self.log_scale = log_scale(settings.temperature, learned=settings.learn_temperature)

    @classmethod
    def needs(cls, settings: ContrastiveBackbone) -> Needs:
        """Molecules as graphs, for the graph network."""
        return Needs(graphs=settings.molecule == "gin")

    def project_texts(self, texts: Texts) -> Encoded:
        """`embedding`, (B, D)."""
        return {"embedding": functional.normalize(self.text_head(texts.sentence), dim=-1)}

    def project_molecules(self, molecules: Molecules) -> Encoded:
        """`embedding`, (B, D)."""
        vectors = self.graph_encoder(molecules) if self.graph_encoder else molecules.vectors
        return {"embedding": functional.normalize(self.molecule_head(vectors), dim=-1)}

    def logits(self, texts: Encoded, molecules: Encoded) -> torch.Tensor:
        """(B, B) the cosines times the inverse temperature."""
        return scaled(super().logits(texts, molecules), self.log_scale)

    def loss_parts(self, texts: Encoded, molecules: Encoded) -> dict[str, torch.Tensor]:
        """`contrastive`: the mean of both directions' cross-entropy over the batch."""
        return {"contrastive": contrast(self.logits(texts, molecules), self.hard_negatives)}


class _GraphEncoder(nn.Module):
    """A graph isomorphism network over atoms that start from substructure vectors."""

    def __init__(self, settings: ContrastiveBackbone, inputs: InputSpec) -> None:
        super().__init__()
        self.atoms = AtomEmbedding(inputs, settings.hidden)
        self.network = GraphIsomorphism(settings.hidden, settings.layers, settings.dropout)

    def forward(self, molecules: Molecules) -> torch.Tensor:
        """B molecules to (B, (1 + layers)·hidden)."""
        graphs = molecules.require_graphs()
        vectors: torch.Tensor = self.network(self.atoms(graphs.atoms), graphs)
        return vectors


def _head(features: int, settings: ContrastiveBackbone) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(features),
        nn.Linear(features, settings.hidden),
        nn.GELU(),
        nn.Dropout(settings.dropout),
        nn.Linear(settings.hidden, settings.dimension),
    )

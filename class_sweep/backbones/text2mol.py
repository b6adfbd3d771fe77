"""Text2Mol (Edwards, Zhai and Ji, EMNLP 2021): a text head, and a perceptron or graph network."""

import torch
from torch import nn
from torch.nn import functional

from class_sweep.backbones.backbone import Backbone, Encoded, Needs
from class_sweep.backbones.batch import InputSpec, Molecules, Texts
from class_sweep.backbones.graph_layers import AtomEmbedding, GraphConvolutions, mean_of
from class_sweep.backbones.losses import contrast, log_scale, scaled
from class_sweep.config.backbones import Text2MolBackbone


class Text2Mol(Backbone):
    """Both sides end in a layer norm and a unit vector.

    The molecule side is a perceptron 300-600-600-300 over the sum of the Mol2vec vectors. With
    `molecule: gcn`, the perceptron is over the mean of three graph convolutions over the atoms.
    """

    parts = ("contrastive",)
    weighs_negatives = True

    def __init__(self, settings: Text2MolBackbone, inputs: InputSpec) -> None:
        super().__init__(settings, inputs)
        self.text_head = nn.Sequential(
            nn.Linear(inputs.text_width, settings.dimension), nn.LayerNorm(settings.dimension)
        )
        graphs = self.needs(settings).graphs
        self.graph_encoder = _GraphEncoder(settings, inputs) if graphs else None
        width = settings.hidden if graphs else inputs.molecule_width
        self.molecule_head = nn.Sequential(
            nn.Linear(width, settings.hidden),
            nn.ReLU(),
            nn.Dropout(settings.dropout),
            nn.Linear(settings.hidden, settings.hidden),
            nn.ReLU(),
            nn.Linear(settings.hidden, settings.dimension),
            nn.LayerNorm(settings.dimension),
        )
        self.log_scale = log_scale(settings.temperature, learned=settings.learn_temperature)

    @classmethod
    def needs(cls, settings: Text2MolBackbone) -> Needs:
        """Molecules as graphs, for the graph network."""
        return Needs(graphs=settings.molecule == "gcn")

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
        """`contrastive`: the sum of both directions' cross-entropy over the batch."""
        return {"contrastive": 2 * contrast(self.logits(texts, molecules), self.hard_negatives)}


class _GraphEncoder(nn.Module):
    """The mean of the atoms after graph convolutions."""

    def __init__(self, settings: Text2MolBackbone, inputs: InputSpec) -> None:
        super().__init__()
        self.atoms = AtomEmbedding(inputs, settings.hidden)
        self.network = GraphConvolutions(settings.hidden, settings.layers, settings.dropout)

    def forward(self, molecules: Molecules) -> torch.Tensor:
        """B molecules to (B, hidden)."""
        graphs = molecules.require_graphs()
        atoms = self.network(self.atoms(graphs.atoms), graphs.bonds)
        return mean_of(atoms, graphs.atom_molecule, graphs.atom_counts)

"""AMAN (Zhao et al., IEEE TAI 2023): a graph transformer, a triplet loss and a critic."""

import torch
from torch import nn
from torch.nn import functional

from class_sweep.backbones.backbone import Backbone, Encoded, Needs
from class_sweep.backbones.batch import InputSpec, Molecules, Texts
from class_sweep.backbones.critic import Critic
from class_sweep.backbones.graph_layers import AtomEmbedding, GraphTransformer, mean_of
from class_sweep.backbones.losses import hardest_triplet
from class_sweep.config.backbones import AmanBackbone


class Aman(Backbone):
    """Both sides share a projection; the critic takes texts as real and molecules as fake."""

    parts = ("triplet", "adversarial")
    own_hardness = "backbone.softness"

    def __init__(self, settings: AmanBackbone, inputs: InputSpec) -> None:
        super().__init__(settings, inputs)
        self.text_head = nn.Linear(inputs.text_width, settings.dimension)
        self.atoms = AtomEmbedding(inputs, settings.hidden)
        self.network = GraphTransformer(
            settings.hidden, settings.layers, settings.heads, settings.dropout
        )
        self.molecule_head = nn.Linear(settings.hidden, settings.dimension)
        self.shared = nn.Sequential(
            nn.LayerNorm(settings.dimension),
            nn.ReLU(),
            nn.Linear(settings.dimension, settings.dimension),
        )
        self.adversary = Critic(
            settings.dimension,
            lr=settings.critic_lr,
            steps=settings.critic_steps,
            penalty=settings.gradient_penalty,
            part="adversarial" if settings.critic_follows_intensity else None,
        )
        self._margin = settings.margin
        self._softness = settings.softness
        self._adversarial_weight = settings.adversarial_weight

    @classmethod
    def needs(cls, settings: AmanBackbone) -> Needs:  # noqa: ARG003 - all settings need them
        """Molecules as graphs."""
        return Needs(graphs=True)

    @property
    def critic(self) -> Critic:
        """The critic of the embeddings of both sides."""
        return self.adversary

    def project_texts(self, texts: Texts) -> Encoded:
        """`embedding`, (B, D)."""
        return self._shared_space(self.text_head(texts.sentence))

    def project_molecules(self, molecules: Molecules) -> Encoded:
        """`embedding`, (B, D)."""
        graphs = molecules.require_graphs()
        atoms = self.network(self.atoms(graphs.atoms), graphs)
        mean = mean_of(atoms, graphs.atom_molecule, graphs.atom_counts)
        return self._shared_space(self.molecule_head(mean))

    def _shared_space(self, projected: torch.Tensor) -> Encoded:
        return {"embedding": functional.normalize(self.shared(projected), dim=-1)}

    def loss_parts(self, texts: Encoded, molecules: Encoded) -> dict[str, torch.Tensor]:
        """`triplet` with the hardest negatives, and `adversarial`, −E[D(molecules)], weighted."""
        fooled = self.adversary.fooled(molecules["embedding"])
        return {
            "triplet": hardest_triplet(self.logits(texts, molecules), self._margin, self._softness),
            "adversarial": self._adversarial_weight * fooled,
        }

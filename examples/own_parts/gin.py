"""A backbone: a graph isomorphism network (Xu et al., ICLR 2019) with a hinge loss of its own."""

import torch
from torch import nn
from torch.nn import functional

from class_sweep import plugin


class GinSettings(plugin.BackboneSettings):
    hidden: plugin.Annotated[int, plugin.Field(ge=1, le=4096, description="units of an atom")] = 64
    layers: plugin.Annotated[int, plugin.Field(ge=1, le=16, description="rounds of messages")] = 3
    margin: plugin.Annotated[float, plugin.Field(gt=0, le=2, description="of the cosines")] = 0.3


@plugin.backbone("gin", settings=GinSettings)
class Gin(plugin.Backbone):
    """Sums over neighbours and then over atoms; each wrong pair must score `margin` less."""

    parts = ("hinge",)

    def __init__(self, settings, inputs):
        super().__init__(settings, inputs)
        width = settings.hidden
        self.margin = settings.margin
        self.register_buffer("vectors", torch.from_numpy(inputs.atom_vectors), persistent=False)
        self.atoms = nn.Linear(self.vectors.shape[1], width)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))
            for _ in range(settings.layers)
        )
        self.molecules = nn.Linear(width, width)
        self.texts = nn.Linear(inputs.text_width, width)

    @classmethod
    def needs(cls, settings):
        return plugin.Needs(graphs=True)

    def project_texts(self, texts):
        return {"embedding": functional.normalize(self.texts(texts.sentence), dim=-1)}

    def project_molecules(self, molecules):
        graphs = molecules.require_graphs()
        nodes, (source, target) = self.atoms(self.vectors[graphs.atoms]), graphs.bonds
        for layer in self.layers:
            nodes = nodes + layer(nodes.index_add(0, target, nodes[source]))
        sums = nodes.new_zeros(len(graphs.atom_counts), nodes.shape[1])
        sums = sums.index_add(0, graphs.atom_molecule, nodes)
        return {"embedding": functional.normalize(self.molecules(sums), dim=-1)}

    def loss_parts(self, texts, molecules):
        scores = self.logits(texts, molecules)
        right = scores.diagonal()
        wrong = 1 - torch.eye(len(scores), device=scores.device)
        both_ways = scores + self.margin - right[:, None], scores.T + self.margin - right[:, None]
        return {"hinge": sum((hinge.relu() * wrong).mean() for hinge in both_ways)}

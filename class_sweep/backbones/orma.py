"""ORMA (Min et al., BIBM 2024, arXiv 2411.11875): texts and molecules compared at three grains."""

import math

import torch
from torch import nn
from torch.nn import functional

from class_sweep.backbones.backbone import Backbone, Encoded, Needs
from class_sweep.backbones.graph_layers import AtomEmbedding, GraphConvolutions, by_owner, mean_of
from class_sweep.backbones.inputs import Graphs, InputSpec, Molecules, Texts
from class_sweep.backbones.losses import bound, contrast, log_scale
from class_sweep.backbones.multitokens import mean_cosines
from class_sweep.backbones.transport import aligned
from class_sweep.config.backbones import OrmaBackbone


class Orma(Backbone):
    """Tokens with atoms, multi-tokens with motifs, the sentence with the molecule.

    A multi-token is the mean of a text's tokens that optimal transport aligns with one motif of one
    molecule, so every pair of a batch has multi-tokens of its own. The similarity of a pair is the
    mean, over the motifs that have tokens, of the cosine of motif and multi-token. All of a pair's
    similarities, and so its score, come from its own text and its own molecule.

    The embedding holds the two other levels, weighted: their part of a pair's score is its inner
    product, up to a constant factor. Special tokens are tokens like others.
    """

    parts = ("token_atom", "multitoken_motif", "sentence_molecule")
    reranks = True

    def __init__(self, settings: OrmaBackbone, inputs: InputSpec) -> None:
        super().__init__(settings, inputs)
        self.text_heads = _heads(inputs.text_width, settings, self.parts)
        self.molecule_heads = _heads(settings.hidden, settings, self.parts)
        self.graph = _Hierarchy(settings, inputs)
        self.log_scales = nn.ParameterDict({p: log_scale(settings.temperature) for p in self.parts})
        self._weights: dict[str, float] = {p: getattr(settings, p) for p in self.parts}
        self._beta = settings.transport_beta
        self._iterations = settings.transport_iterations

    @classmethod
    def needs(cls, settings: OrmaBackbone) -> Needs:
        """Graphs, and tokens of two layers."""
        return Needs(True, (settings.token_depth, settings.multitoken_depth))

    def project_texts(self, texts: Texts) -> Encoded:
        """A vector for each of the coarse levels, and `fine` tokens (B, T, D) with their `mask`."""
        tokens = texts.require_tokens()
        coarse = self._coarse(self.text_heads, tokens.mean, texts.sentence)
        fine = self.text_heads["multitoken_motif"](tokens.states)
        fine = functional.normalize(fine, dim=-1) * tokens.mask.unsqueeze(2)
        return coarse | {"fine": fine, "mask": tokens.mask}

    def encode_molecules(self, molecules: Molecules) -> Encoded:
        """A vector for each of the coarse levels, and `fine` motifs (B, M, D) with their `mask`."""
        graphs = molecules.require_graphs()
        atoms, motifs, whole = self.graph(graphs)
        coarse = self._coarse(
            self.molecule_heads, mean_of(atoms, graphs.atom_molecule, graphs.count), whole
        )
        projected = functional.normalize(self.molecule_heads["multitoken_motif"](motifs), dim=-1)
        dense, mask = by_owner(projected, graphs.motif_molecule, graphs.count)
        return coarse | {"fine": dense, "mask": mask}

    def _coarse(self, heads: nn.ModuleDict, low: torch.Tensor, high: torch.Tensor) -> Encoded:
        found = {
            "token_atom": functional.normalize(heads["token_atom"](low), dim=-1),
            "sentence_molecule": functional.normalize(heads["sentence_molecule"](high), dim=-1),
        }
        total = sum(self._weights[part] for part in found)
        scaled = [math.sqrt(self._weights[part] / total) * side for part, side in found.items()]
        return found | {"embedding": torch.cat(scaled, dim=-1)}

    def loss_parts(self, texts: Encoded, molecules: Encoded) -> dict[str, torch.Tensor]:
        """Symmetric cross-entropy at each level, weighted."""
        similarities = {
            "token_atom": texts["token_atom"] @ molecules["token_atom"].T,
            "multitoken_motif": self._all_against_all(texts, molecules),
            "sentence_molecule": texts["sentence_molecule"] @ molecules["sentence_molecule"].T,
        }
        parts = {}
        for part, similarity in similarities.items():
            bound(self.log_scales[part])
            parts[part] = self._weights[part] * contrast(similarity, self.log_scales[part])
        return parts

    def pair_scores(self, texts: Encoded, molecules: Encoded) -> torch.Tensor:
        """(B,) the weighted sum of a pair's three similarities."""
        coarse = super().pair_scores(texts, molecules)
        fine = self._multitoken_similarity(
            *(side[name].unsqueeze(1) for side in (texts, molecules) for name in ("fine", "mask"))
        )
        weight = self._weights["multitoken_motif"]
        return (sum(self._weights.values()) - weight) * coarse + weight * fine[:, 0, 0]

    def _all_against_all(self, texts: Encoded, molecules: Encoded) -> torch.Tensor:
        """(B, B) the multi-token similarity of every text and every molecule of the batch."""
        fine = self._multitoken_similarity(
            *(side[name].unsqueeze(0) for side in (texts, molecules) for name in ("fine", "mask"))
        )
        return fine[0]

    def _multitoken_similarity(
        self,
        tokens: torch.Tensor,
        token_mask: torch.Tensor,
        motifs: torch.Tensor,
        motif_mask: torch.Tensor,
    ) -> torch.Tensor:
        """Of I texts and J molecules, every one against every other, N times over.

        Args:
            tokens: (N, I, T, D) unit vectors.
            token_mask: (N, I, T)
            motifs: (N, J, M, D) unit vectors.
            motif_mask: (N, J, M)

        Returns:
            (N, I, J)
        """
        similarity = torch.einsum("nitd,njmd->nijtm", tokens, motifs).detach()
        shape = similarity.shape
        rows = token_mask.unsqueeze(2).expand(shape[:4])
        columns = motif_mask.unsqueeze(1).expand(*shape[:3], shape[4])
        column = aligned(
            similarity.flatten(0, 2), rows.flatten(0, 2), columns.flatten(0, 2),
            beta=self._beta, iterations=self._iterations,
        )  # fmt: skip
        return mean_cosines(tokens, motifs, column.view(shape[:4]), rows)


class _Hierarchy(nn.Module):
    """Convolutions over one graph of atoms, motifs and molecules.

    Atoms start from their substructures, a motif from the mean of its atoms and a molecule from the
    mean of its motifs, each with a vector of its kind of node added.
    """

    def __init__(self, settings: OrmaBackbone, inputs: InputSpec) -> None:
        super().__init__()
        self.atoms = AtomEmbedding(inputs, settings.hidden)
        self.kinds = nn.Embedding(3, settings.hidden)
        self.network = GraphConvolutions(settings.hidden, settings.layers, settings.dropout)

    def forward(self, graphs: Graphs) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Atoms (A, hidden), motifs (K, hidden) and molecules (B, hidden)."""
        atoms = self.atoms(graphs.atoms)
        of_motif, motif = graphs.members
        motifs = mean_of(atoms[of_motif], motif, len(graphs.motif_molecule))
        wholes = mean_of(motifs, graphs.motif_molecule, graphs.count)
        sizes = [len(atoms), len(motifs), len(wholes)]
        kinds = torch.arange(3, device=motif.device).repeat_interleave(
            torch.tensor(sizes, device=motif.device)
        )
        nodes = torch.cat([atoms, motifs, wholes]) + self.kinds(kinds)
        atoms, motifs, wholes = self.network(nodes, _edges(graphs, *sizes[:2])).split(sizes)
        return atoms, motifs, wholes


def _edges(graphs: Graphs, atoms: int, motifs: int) -> torch.Tensor:
    """(2, e) bonds, motifs that touch, and each node with the one above it, both ways round."""
    of_motif, motif = graphs.members
    motif_here = torch.arange(motifs, device=motif.device) + atoms
    up = torch.cat(
        [
            torch.stack([of_motif, motif + atoms]),
            torch.stack([motif_here, graphs.motif_molecule + atoms + motifs]),
        ],
        dim=1,
    )
    return torch.cat([graphs.bonds, graphs.motif_bonds + atoms, up, up.flip(0)], dim=1)


def _heads(width: int, settings: OrmaBackbone, levels: tuple[str, ...]) -> nn.ModuleDict:
    return nn.ModuleDict({level: nn.Linear(width, settings.dimension) for level in levels})

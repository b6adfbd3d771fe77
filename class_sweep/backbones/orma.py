"""ORMA (Min et al., BIBM 2024, arXiv 2411.11875): alignment at three levels."""

import math

import torch
from torch import nn
from torch.nn import functional

from class_sweep.backbones.backbone import Backbone, Encoded, Needs
from class_sweep.backbones.batch import Graphs, InputSpec, Molecules, Texts
from class_sweep.backbones.graph_layers import AtomEmbedding, GraphConvolutions, by_owner, mean_of
from class_sweep.backbones.losses import contrast, log_scale, scaled
from class_sweep.backbones.multitokens import mean_cosines
from class_sweep.backbones.transport import aligned
from class_sweep.config.backbones import OrmaBackbone


class Orma(Backbone):
    """Tokens are compared with atoms, multi-tokens with motifs, the sentence with the molecule.

    A multi-token is the mean of the tokens of a text that optimal transport assigns to one motif of
    one molecule. Every pair of a batch therefore has its own multi-tokens. The multi-token
    similarity of a pair is the mean, over the motifs with tokens, of the cosine of motif and
    multi-token. It depends on the pair's own text and molecule alone.

    The embedding contains the two other levels, weighted, so that its inner product is their part
    of the score up to a constant factor. Special tokens count as tokens.
    """

    parts = ("token_atom", "multitoken_motif", "sentence_molecule")
    weighs_negatives = True
    reranks = True

    def __init__(self, settings: OrmaBackbone, inputs: InputSpec) -> None:
        super().__init__(settings, inputs)
        self.text_heads = _heads(inputs.text_width, settings, self.parts)
        self.molecule_heads = _heads(settings.hidden, settings, self.parts)
        self.graph = _Hierarchy(settings, inputs)
        self.log_scales = nn.ParameterDict(
            {
                part: log_scale(settings.temperature, learned=settings.learn_temperature)
                for part in self.parts
            }
        )
        self._weights: dict[str, float] = {p: getattr(settings, p) for p in self.parts}
        self._beta = settings.transport_beta
        self._iterations = settings.transport_iterations

    @classmethod
    def needs(cls, settings: OrmaBackbone) -> Needs:
        """Molecules as graphs, and the tokens of two layers."""
        return Needs(True, (settings.token_depth, settings.multitoken_depth))

    def project_texts(self, texts: Texts) -> Encoded:
        """A vector for each coarse level, `fine` tokens (B, T, D) and their `mask`, (B, T)."""
        tokens = texts.require_tokens()
        coarse = self._coarse(self.text_heads, tokens.mean, texts.sentence)
        fine = self.text_heads["multitoken_motif"](tokens.states)
        fine = functional.normalize(fine, dim=-1) * tokens.mask.unsqueeze(2)
        return coarse | {"fine": fine, "mask": tokens.mask}

    def project_molecules(self, molecules: Molecules) -> Encoded:
        """A vector for each coarse level, `fine` motifs (B, M, D) and their `mask`, (B, M)."""
        graphs = molecules.require_graphs()
        atoms, motifs, whole = self.graph(graphs)
        coarse = self._coarse(
            self.molecule_heads, mean_of(atoms, graphs.atom_molecule, graphs.atom_counts), whole
        )
        projected = functional.normalize(self.molecule_heads["multitoken_motif"](motifs), dim=-1)
        dense, mask = by_owner(
            projected, graphs.motif_molecule, graphs.motif_counts, graphs.most_motifs
        )
        return coarse | {"fine": dense, "mask": mask}

    def _coarse(self, heads: nn.ModuleDict, low: torch.Tensor, high: torch.Tensor) -> Encoded:
        """The two coarse levels and the embedding from (B, D) mean tokens or atoms and wholes."""
        levels = {
            "token_atom": functional.normalize(heads["token_atom"](low), dim=-1),
            "sentence_molecule": functional.normalize(heads["sentence_molecule"](high), dim=-1),
        }
        total = sum(self._weights[part] for part in levels)
        scaled = [math.sqrt(self._weights[part] / total) * side for part, side in levels.items()]
        return levels | {"embedding": torch.cat(scaled, dim=-1)}

    def logits(self, texts: Encoded, molecules: Encoded) -> torch.Tensor:
        """(B, B) the cosines of sentences and molecules times their inverse temperature."""
        return self._level_logits("sentence_molecule", texts, molecules)

    def loss_parts(self, texts: Encoded, molecules: Encoded) -> dict[str, torch.Tensor]:
        """The mean of both directions' cross-entropy at each level, weighted."""
        parts = {}
        for part in self.parts:
            logits = self._level_logits(part, texts, molecules)
            parts[part] = self._weights[part] * contrast(logits, self.hard_negatives)
        return parts

    def _level_logits(self, level: str, texts: Encoded, molecules: Encoded) -> torch.Tensor:
        """(B, B) the similarities of one level times its inverse temperature."""
        if level == "multitoken_motif":
            similarity = self._all_against_all(texts, molecules)
        else:
            similarity = texts[level] @ molecules[level].T
        return scaled(similarity, self.log_scales[level])

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
        """The similarity of every one of I texts and J molecules, in N independent groups.

        Args:
            tokens: (N, I, T, D) unit vectors.
            token_mask: (N, I, T) true where there is a token.
            motifs: (N, J, M, D) unit vectors.
            motif_mask: (N, J, M) true where there is a motif.

        Returns:
            (N, I, J) mean cosines.
        """
        texts, molecules = tokens.shape[:3], motifs.shape[:3]
        flat = tokens.flatten(1, 2) @ motifs.flatten(1, 2).mT
        similarity = flat.view(*texts, *molecules[1:])  # (N, I, T, J, M)
        of_pair = similarity.detach().permute(0, 1, 3, 2, 4)
        rows = token_mask.unsqueeze(2).expand(of_pair.shape[:4])
        columns = motif_mask.unsqueeze(1).expand(*of_pair.shape[:3], of_pair.shape[4])
        column = aligned(
            of_pair.flatten(0, 2), rows.flatten(0, 2), columns.flatten(0, 2),
            beta=self._beta, iterations=self._iterations,
        )  # fmt: skip
        return mean_cosines(similarity, tokens, column.view(rows.shape), token_mask)


class _Hierarchy(nn.Module):
    """Graph convolutions over one graph of atoms, motifs and molecules.

    The initial vector of an atom is that of its substructure, of a motif the mean of its atoms, and
    of a molecule the mean of its motifs. A vector for the kind of the node is added to each.
    """

    def __init__(self, settings: OrmaBackbone, inputs: InputSpec) -> None:
        super().__init__()
        self.atoms = AtomEmbedding(inputs, settings.hidden)
        self.kinds = nn.Embedding(3, settings.hidden)
        self.network = GraphConvolutions(settings.hidden, settings.layers, settings.dropout)

    def forward(self, graphs: Graphs) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The vectors of atoms (A, hidden), motifs (K, hidden) and molecules (B, hidden)."""
        atoms = self.atoms(graphs.atoms)
        of_motif, motif = graphs.members
        motifs = mean_of(atoms[of_motif], motif, graphs.member_counts)
        wholes = mean_of(motifs, graphs.motif_molecule, graphs.motif_counts)
        levels = [atoms, motifs, wholes]
        sizes = [len(level) for level in levels]
        kinds = self.kinds.weight.unbind()
        nodes = torch.cat([level + kind for level, kind in zip(levels, kinds, strict=True)])
        atoms, motifs, wholes = self.network(nodes, _edges(graphs, *sizes[:2])).split(sizes)
        return atoms, motifs, wholes


def _edges(graphs: Graphs, atoms: int, motifs: int) -> torch.Tensor:
    """(2, e) edges in both directions: bonds, adjacent motifs, atom–motif and motif–molecule."""
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

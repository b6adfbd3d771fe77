"""Graph networks over batches of molecules, from PyTorch Geometric's layers."""

import importlib
import warnings
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from class_sweep.backbones.inputs import Graphs, InputSpec
from class_sweep.encoders.molecule_graphs import BOND_KINDS


def _layers() -> Any:
    """PyTorch Geometric's, imported at the first use: that takes seconds."""
    with warnings.catch_warnings():  # of its own making, while it is imported
        warnings.simplefilter("ignore", DeprecationWarning)
        return importlib.import_module("torch_geometric.nn.conv")


class AtomEmbedding(nn.Module):
    """Substructure tokens to vectors that start as Mol2vec's and are trained; (A,) to (A, D)."""

    def __init__(self, inputs: InputSpec, width: int) -> None:
        super().__init__()
        if inputs.atom_vectors is None:
            raise ValueError("a backbone over graphs must be given the vectors of their atoms")
        # A copy: what is shared between trials must not be trained.
        self.vectors = nn.Embedding.from_pretrained(  # type: ignore[no-untyped-call]
            torch.tensor(inputs.atom_vectors), freeze=False
        )
        self.project = nn.Linear(inputs.atom_vectors.shape[1], width)

    def forward(self, atoms: torch.Tensor) -> torch.Tensor:
        """(A,) tokens to (A, width)."""
        projected: torch.Tensor = self.project(self.vectors(atoms))
        return projected


class GraphConvolutions(nn.Module):
    """Graph convolutions (Kipf and Welling, arXiv 1609.02907), each with a skip and a norm.

    The skip and the norm are ours: three bare convolutions wash an atom's own token out.
    """

    def __init__(self, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        conv = _layers()
        self.convolutions = nn.ModuleList(
            conv.GCNConv(width, width, normalize=False) for _ in range(layers)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))
        self.dropout = dropout
        self._normalise = conv.gcn_conv.gcn_norm

    def forward(self, nodes: torch.Tensor, edges: torch.Tensor) -> torch.Tensor:
        """(n, width) nodes and (2, e) edges, both ways round, to (n, width)."""
        # Once for all layers, where each would do it again.
        looped, weights = self._normalise(edges, num_nodes=len(nodes), dtype=torch.float32)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            sent = functional.relu(convolution(nodes, looped, weights))
            nodes = norm(nodes + functional.dropout(sent, self.dropout, self.training))
        return nodes


class GraphTransformer(nn.Module):
    """Attention over each atom's neighbours with the bonds' kinds in keys and values.

    Dwivedi and Bresson 2020 (arXiv 2012.09699), with the attention of Shi et al. 2020 (arXiv
    2009.03509) and layer norms, which don't mix the molecules of a batch.
    """

    def __init__(self, width: int, layers: int, heads: int, dropout: float) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"heads must divide the width ({width}), got {heads}")
        self.bonds = nn.Embedding(BOND_KINDS, BOND_KINDS)  # wider, it would say no more
        conv = _layers()
        self.attention = nn.ModuleList(
            conv.TransformerConv(width, width // heads, heads, edge_dim=BOND_KINDS, dropout=dropout)
            for _ in range(layers)
        )
        self.feed_forward = nn.ModuleList(
            nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))
            for _ in range(layers)
        )
        self.first_norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))
        self.second_norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))
        self.dropout = nn.Dropout(dropout)

    def forward(self, atoms: torch.Tensor, graphs: Graphs) -> torch.Tensor:
        """(A, width) to (A, width)."""
        bonds = self.bonds(graphs.bond_kinds)
        for attend, first, feed, second in zip(
            self.attention, self.first_norms, self.feed_forward, self.second_norms, strict=True
        ):
            atoms = first(atoms + self.dropout(attend(atoms, graphs.bonds, bonds)))
            atoms = second(atoms + self.dropout(feed(atoms)))
        return atoms


def mean_of(nodes: torch.Tensor, owners: torch.Tensor, count: int) -> torch.Tensor:
    """(n, D) nodes to (count, D), the mean of each owner's; zero for an owner of none."""
    sums = nodes.new_zeros(count, nodes.shape[1]).index_add(0, owners, nodes)
    sizes = torch.bincount(owners, minlength=count).clamp(min=1)
    return sums / sizes.unsqueeze(1)


def by_owner(
    nodes: torch.Tensor, owners: torch.Tensor, count: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """(n, D) nodes, owners ascending, to (count, M, D), zero behind their ends, and (count, M)."""
    sizes = torch.bincount(owners, minlength=count)
    place = torch.arange(len(owners), device=owners.device) - (sizes.cumsum(0) - sizes)[owners]
    most = int(sizes.max())
    dense = nodes.new_zeros(count, most, nodes.shape[1]).index_put((owners, place), nodes)
    return dense, torch.arange(most, device=owners.device) < sizes.unsqueeze(1)

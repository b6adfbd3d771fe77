"""Graph networks over batches of molecules, with layers of PyTorch Geometric."""

import importlib
import warnings
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from class_sweep.backbones.batch import Graphs, InputSpec
from class_sweep.encoders.molecule_graphs import BOND_KINDS


def _layers() -> Any:
    """The layers of PyTorch Geometric, imported at the first use because that takes seconds."""
    with warnings.catch_warnings():  # its import uses deprecated names
        warnings.simplefilter("ignore", DeprecationWarning)
        return importlib.import_module("torch_geometric.nn.conv")


class AtomEmbedding(nn.Module):
    """Trained vectors of substructure tokens, initialised with those of Mol2vec."""

    def __init__(self, inputs: InputSpec, width: int) -> None:
        super().__init__()
        if inputs.atom_vectors is None:
            raise ValueError("a backbone over graphs must have atom vectors, got none")
        # A copy, because the vectors are shared between trials.
        self.vectors = nn.Embedding.from_pretrained(  # type: ignore[no-untyped-call]
            torch.tensor(inputs.atom_vectors), freeze=False
        )
        self.project = nn.Linear(inputs.atom_vectors.shape[1], width)

    def forward(self, atoms: torch.Tensor) -> torch.Tensor:
        """(A,) tokens to (A, width)."""
        projected: torch.Tensor = self.project(self.vectors(atoms))
        return projected


class GraphConvolutions(nn.Module):
    """Graph convolutions (Kipf and Welling, arXiv 1609.02907), each with a skip and a layer norm.

    The skip and the norm are ours: three convolutions without them lose the token of an atom.
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
        """(n, width) nodes and (2, e) edges in both directions to (n, width)."""
        # Once for all layers, not in each layer.
        looped, weights = self._normalise(edges, num_nodes=len(nodes), dtype=torch.float32)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            messages = functional.relu(convolution(nodes, looped, weights))
            nodes = norm(nodes + functional.dropout(messages, self.dropout, self.training))
        return nodes


class GraphTransformer(nn.Module):
    """Attention over the neighbours of each atom, with the kinds of bonds in keys and values.

    Dwivedi and Bresson 2020 (arXiv 2012.09699), with the attention of Shi et al. 2020 (arXiv
    2009.03509) and layer norms, which do not mix the molecules of a batch.
    """

    def __init__(self, width: int, layers: int, heads: int, dropout: float) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"heads must divide the width ({width}), got {heads}")
        self.bonds = nn.Embedding(BOND_KINDS, BOND_KINDS)  # as wide as its number of kinds: enough
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
        """(A, width) atoms to (A, width)."""
        bonds = self.bonds(graphs.bond_kinds)
        for attend, first, feed, second in zip(
            self.attention, self.first_norms, self.feed_forward, self.second_norms, strict=True
        ):
            atoms = first(atoms + self.dropout(attend(atoms, graphs.bonds, bonds)))
            atoms = second(atoms + self.dropout(feed(atoms)))
        return atoms


def mean_of(nodes: torch.Tensor, owners: torch.Tensor, count: int) -> torch.Tensor:
    """The mean of the nodes of each owner.

    Args:
        nodes: (n, D)
        owners: (n,) the owner of each node, below `count`.
        count: The number of owners.

    Returns:
        (count, D); zero for an owner without nodes.
    """
    sums = nodes.new_zeros(count, nodes.shape[1]).index_add(0, owners, nodes)
    sizes = torch.bincount(owners, minlength=count).clamp(min=1)
    return sums / sizes.unsqueeze(1)


def by_owner(
    nodes: torch.Tensor, owners: torch.Tensor, count: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The nodes of each owner, padded to the largest number M of nodes of an owner.

    Args:
        nodes: (n, D)
        owners: (n,) the owner of each node, ascending.
        count: The number of owners.

    Returns:
        (count, M, D) nodes, zero in the padding, and (count, M) true where there is a node.
    """
    sizes = torch.bincount(owners, minlength=count)
    position = torch.arange(len(owners), device=owners.device) - (sizes.cumsum(0) - sizes)[owners]
    widest = int(sizes.max())
    dense = nodes.new_zeros(count, widest, nodes.shape[1]).index_put((owners, position), nodes)
    return dense, torch.arange(widest, device=owners.device) < sizes.unsqueeze(1)

"""Graph networks over batches of molecules.

The layers equal those of PyTorch Geometric, with its names of parameters and its initial weights,
in fewer operations: for small graphs the calls cost more than the arithmetic.
"""

import math

import torch
from torch import nn
from torch.nn import functional

from class_sweep.backbones.batch import Graphs, InputSpec
from class_sweep.encoders.molecule_graphs import BOND_KINDS


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
        self.convolutions = nn.ModuleList(GraphConvolution(width) for _ in range(layers))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))
        self.dropout = dropout

    def forward(self, nodes: torch.Tensor, edges: torch.Tensor) -> torch.Tensor:
        """(n, width) nodes and (2, e) edges in both directions, without loops, to (n, width)."""
        looped, weights = with_loops(edges, len(nodes))  # once for all layers
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            messages = functional.relu(convolution(nodes, looped, weights))
            nodes = norm(nodes + functional.dropout(messages, self.dropout, self.training))
        return nodes


class GraphConvolution(nn.Module):
    """One graph convolution: the weighted sum of the neighbours after a linear map, and a bias."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.lin = nn.Linear(width, width, bias=False)
        nn.init.xavier_uniform_(self.lin.weight)
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(
        self, nodes: torch.Tensor, edges: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """(n, width) nodes, (2, e) edges and their (e, 1) weights to (n, width)."""
        source, target = edges
        messages = self.lin(nodes)[source] * weights
        return self.bias.expand(len(nodes), -1).index_add(0, target, messages)


def with_loops(edges: torch.Tensor, nodes: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The edges of a graph convolution and their weights, 1/√(dᵢ·dⱼ) with degrees of this graph.

    Args:
        edges: (2, e) edges in both directions, without loops.
        nodes: n, the number of nodes.

    Returns:
        (2, e + n) the edges and a loop at each node, and (e + n, 1) float32 weights.
    """
    loops = torch.arange(nodes, device=edges.device).expand(2, -1)
    looped = torch.cat([edges, loops], dim=1)
    ones = torch.ones(looped.shape[1], device=edges.device)
    degrees = ones.new_zeros(nodes).index_add_(0, looped[1], ones)
    ends = degrees.rsqrt()[looped]
    return looped, (ends[0] * ends[1]).unsqueeze(1)


class GraphIsomorphism(nn.Module):
    """A graph isomorphism network (Xu et al. 2019, arXiv 1810.00826).

    A layer is h ← MLP((1 + ε)·h + Σ of h over the neighbours), equation 4.1. The vector of a
    molecule is the sum of its atoms before and after each layer, one after the other, equation 4.2.
    Layer norms replace the batch norms of the paper, which mix the molecules of a batch.
    """

    def __init__(self, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.epsilons = nn.Parameter(torch.zeros(layers))
        self.perceptrons = nn.ModuleList(
            nn.Sequential(
                nn.Linear(width, width),
                nn.LayerNorm(width),
                nn.ReLU(),
                nn.Linear(width, width),
                nn.LayerNorm(width),
                nn.ReLU(),
            )
            for _ in range(layers)
        )
        self.dropout = dropout

    def forward(self, atoms: torch.Tensor, graphs: Graphs) -> torch.Tensor:
        """(A, width) atoms of B molecules to (B, (1 + layers)·width)."""
        sums = [sum_of(atoms, graphs.atom_molecule, len(graphs.atom_counts))]
        source, target = graphs.bonds
        for epsilon, perceptron in zip(self.epsilons, self.perceptrons, strict=True):
            neighbours = sum_of(atoms[source], target, len(atoms))
            atoms = perceptron((1 + epsilon) * atoms + neighbours)
            atoms = functional.dropout(atoms, self.dropout, self.training)
            sums.append(sum_of(atoms, graphs.atom_molecule, len(graphs.atom_counts)))
        return torch.cat(sums, dim=1)


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
        self.attention = nn.ModuleList(
            NeighbourAttention(width, heads, BOND_KINDS, dropout) for _ in range(layers)
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
        for attend, first, feed, second in zip(
            self.attention, self.first_norms, self.feed_forward, self.second_norms, strict=True
        ):
            attended = attend(atoms, graphs.bonds, self.bonds.weight, graphs.bond_kinds)
            atoms = first(atoms + self.dropout(attended))
            atoms = second(atoms + self.dropout(feed(atoms)))
        return atoms


class NeighbourAttention(nn.Module):
    """Attention of each node over its neighbours, with the kind of an edge in keys and values.

    Shi et al. 2020 (arXiv 2009.03509), equations 1 to 4 without the gate.
    """

    def __init__(self, width: int, heads: int, edge_width: int, dropout: float) -> None:
        """Build the layer.

        Args:
            width: The width of a node, a multiple of `heads`.
            heads: The number of attention heads.
            edge_width: The width of a kind of edge.
            dropout: The share of attention weights that are left out in training.
        """
        super().__init__()
        self.lin_key = nn.Linear(width, width)
        self.lin_query = nn.Linear(width, width)
        self.lin_value = nn.Linear(width, width)
        self.lin_edge = nn.Linear(edge_width, width, bias=False)
        self.lin_skip = nn.Linear(width, width)
        self._split = heads, width // heads
        self._dropout = dropout

    def forward(
        self, nodes: torch.Tensor, edges: torch.Tensor, kinds: torch.Tensor, kind: torch.Tensor
    ) -> torch.Tensor:
        """Attend.

        Args:
            nodes: (n, width)
            edges: (2, e) from a neighbour to the node that attends to it.
            kinds: (K, edge_width) the vectors of the kinds of edges.
            kind: (e,) the kind of each edge.

        Returns:
            (n, width); `lin_skip` of the node alone where it has no neighbour.
        """
        source, target = edges
        split = len(target), *self._split
        edge = self.lin_edge(kinds)[kind]
        keys = self.lin_key(nodes)[source] + edge
        values = self.lin_value(nodes)[source] + edge
        products = (self.lin_query(nodes)[target] * keys).view(split).sum(2)
        scores = products / math.sqrt(self._split[1])
        weights = softmax_of(scores, target, len(nodes)).unsqueeze(2)
        weights = functional.dropout(weights, self._dropout, self.training)
        messages = (weights * values.view(split)).flatten(1)
        skipped: torch.Tensor = self.lin_skip(nodes)
        return skipped.index_add(0, target, messages)


def softmax_of(scores: torch.Tensor, owners: torch.Tensor, count: int) -> torch.Tensor:
    """The softmax over the entries of each owner.

    Args:
        scores: (e, H)
        owners: (e,) the owner of each entry, below `count`.
        count: The number of owners.

    Returns:
        (e, H), which sum to 1 for each owner.
    """
    index = owners.unsqueeze(1).expand_as(scores)
    lowest = scores.detach().new_full((count, scores.shape[1]), -math.inf)
    largest = lowest.scatter_reduce(0, index, scores.detach(), "amax")
    powers = (scores - largest[owners]).exp()
    sums = powers.new_zeros(lowest.shape).index_add(0, owners, powers)
    return powers / sums[owners]


def mean_of(nodes: torch.Tensor, owners: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """The mean of the nodes of each owner.

    Args:
        nodes: (n, D)
        owners: (n,) the owner of each node.
        counts: (B,) the number of nodes of each owner.

    Returns:
        (B, D); zero for an owner without nodes.
    """
    return sum_of(nodes, owners, len(counts)) / counts.clamp(min=1).unsqueeze(1)


def sum_of(nodes: torch.Tensor, owners: torch.Tensor, count: int) -> torch.Tensor:
    """The sum of the nodes of each owner.

    Args:
        nodes: (n, D)
        owners: (n,) the owner of each node, below `count`.
        count: B, the number of owners.

    Returns:
        (B, D); zero for an owner without nodes.
    """
    return nodes.new_zeros(count, nodes.shape[1]).index_add(0, owners, nodes)


def by_owner(
    nodes: torch.Tensor, owners: torch.Tensor, counts: torch.Tensor, most: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The nodes of each owner, padded to the largest number of nodes of an owner.

    Args:
        nodes: (n, D)
        owners: (n,) the owner of each node, ascending.
        counts: (B,) the number of nodes of each owner.
        most: M, the largest of `counts`.

    Returns:
        (B, M, D) nodes, zero in the padding, and (B, M) true where there is a node.
    """
    index = torch.arange(len(owners), device=owners.device) - (counts.cumsum(0) - counts)[owners]
    dense = nodes.new_zeros(len(counts), most, nodes.shape[1]).index_put((owners, index), nodes)
    return dense, torch.arange(most, device=owners.device) < counts.unsqueeze(1)

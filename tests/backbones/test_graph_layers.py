"""The graph layers against those of PyTorch Geometric, with the same weights."""

import warnings

import pytest
import torch

from class_sweep.backbones.graph_layers import (
    GraphConvolution,
    NeighbourAttention,
    by_owner,
    mean_of,
    with_loops,
)

with warnings.catch_warnings():  # its import uses deprecated names
    warnings.simplefilter("ignore", DeprecationWarning)
    from torch_geometric.nn.conv import GCNConv, TransformerConv

NODES, WIDTH, KINDS = 9, 12, 4


@pytest.fixture
def graph():
    """Nodes, edges in both directions and their kinds; node 8 has no neighbour."""
    generator = torch.Generator().manual_seed(3)
    pairs = torch.combinations(torch.arange(NODES - 1))
    pairs = pairs[torch.rand(len(pairs), generator=generator) < 0.4].T
    edges = torch.cat([pairs, pairs.flip(0)], dim=1)
    kind = torch.randint(KINDS, pairs.shape[1:], generator=generator).repeat(2)
    nodes = torch.randn(NODES, WIDTH, generator=generator)
    return nodes.double(), edges, kind


def test_a_convolution_is_that_of_pytorch_geometric(graph):
    nodes, edges, _ = graph
    theirs, ours = GCNConv(WIDTH, WIDTH).double(), GraphConvolution(WIDTH).double()
    with torch.no_grad():
        theirs.bias.normal_()
    ours.load_state_dict(theirs.state_dict())
    looped, weights = with_loops(edges, NODES)
    torch.testing.assert_close(ours(nodes, looped, weights.double()), theirs(nodes, edges))


def test_an_attention_and_its_gradients_are_those_of_pytorch_geometric(graph):
    nodes, edges, kind = graph
    nodes.requires_grad_()
    kinds = torch.randn(KINDS, 5, dtype=torch.float64, requires_grad=True)
    theirs = TransformerConv(WIDTH, WIDTH // 3, 3, edge_dim=5).double()
    ours = NeighbourAttention(WIDTH, 3, 5, 0.0).double()
    ours.load_state_dict(theirs.state_dict())
    found, expected = ours(nodes, edges, kinds, kind), theirs(nodes, edges, kinds[kind])
    torch.testing.assert_close(found, expected)
    weights = torch.randn_like(found)
    inputs = [nodes, kinds]
    ours_of, theirs_of = (
        torch.autograd.grad((out * weights).sum(), [*inputs, *layer.parameters()])
        for out, layer in ((found, ours), (expected, theirs))
    )
    names = ["nodes", "kinds", *(name for name, _ in theirs.named_parameters())]
    by_name = dict(
        zip(["nodes", "kinds", *(n for n, _ in ours.named_parameters())], ours_of, strict=True)
    )
    for name, gradient in zip(names, theirs_of, strict=True):
        torch.testing.assert_close(by_name[name], gradient, msg=name)


def test_initial_weights_have_the_spread_of_those_of_pytorch_geometric():
    torch.manual_seed(0)
    pairs = [
        (GraphConvolution(200), GCNConv(200, 200)),
        (NeighbourAttention(200, 4, 10, 0.0), TransformerConv(200, 50, 4, edge_dim=10)),
    ]
    for ours, theirs in pairs:
        expected = dict(theirs.named_parameters())
        assert {n for n, _ in ours.named_parameters()} == set(expected)
        for name, parameter in ours.named_parameters():
            assert parameter.std().item() == pytest.approx(expected[name].std().item(), rel=0.15)


def test_dropout_leaves_out_attention_weights_in_training_alone(graph):
    nodes, edges, kind = graph
    layer = NeighbourAttention(WIDTH, 3, 5, 0.5).double()
    kinds = torch.randn(KINDS, 5, dtype=torch.float64)
    layer.eval()
    first, second = layer(nodes, edges, kinds, kind), layer(nodes, edges, kinds, kind)
    assert torch.equal(first, second)
    layer.train()
    assert not torch.equal(layer(nodes, edges, kinds, kind), first)
    torch.testing.assert_close(layer(nodes, edges, kinds, kind)[-1], first[-1])  # no neighbour


def test_nodes_without_edges_keep_themselves(graph):
    nodes = graph[0]
    none, kinds = torch.zeros(2, 0, dtype=torch.int64), torch.randn(KINDS, 5, dtype=torch.float64)
    attention, convolution = NeighbourAttention(WIDTH, 3, 5, 0.0), GraphConvolution(WIDTH)
    attended = attention.double()(nodes, none, kinds, none[0])
    torch.testing.assert_close(attended, attention.lin_skip(nodes))
    looped, weights = with_loops(none, NODES)
    convolved = convolution.double()(nodes, looped, weights.double())
    torch.testing.assert_close(convolved, convolution.lin(nodes))


def test_nodes_of_each_owner_and_their_mean():
    nodes = torch.arange(8.0).view(4, 2)
    owners, counts = torch.tensor([0, 0, 2, 2]), torch.tensor([2, 0, 2])
    assert torch.equal(mean_of(nodes, owners, counts), torch.tensor([[1.0, 2], [0, 0], [5, 6]]))
    dense, mask = by_owner(nodes, owners, counts, 2)
    assert torch.equal(dense[[0, 2]], nodes.view(2, 2, 2))
    assert torch.equal(mask, torch.tensor([[True, True], [False, False], [True, True]]))
    assert (dense[1] == 0).all()

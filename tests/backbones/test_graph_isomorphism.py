"""The graph isomorphism network against dense matrices, and what it must not depend on."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.backbones.backbone import build_backbone
from class_sweep.backbones.batch import Graphs, InputSpec, Molecules
from class_sweep.backbones.contrastive import Contrastive
from class_sweep.backbones.graph_layers import GraphIsomorphism
from class_sweep.base.ragged import Ragged, offsets_of
from class_sweep.config.backbones import ContrastiveBackbone
from class_sweep.encoders.molecule_graphs import MoleculeGraphs

WIDTH, LAYERS = 7, 3


def network(seed=0):
    torch.manual_seed(seed)
    made = GraphIsomorphism(WIDTH, LAYERS, 0.3).double().eval()
    with torch.no_grad():
        made.epsilons.normal_()
    return made


def graphs(sizes, bonds):
    """Molecules of given numbers of atoms and bonds, without motifs."""
    none = Ragged(np.zeros((0, 2), np.int32), np.zeros(len(sizes) + 1, np.int64))
    rows = [np.array([(a, b, 0) for a, b in of], np.int32).reshape(-1, 3) for of in bonds]
    made = MoleculeGraphs(
        Ragged(np.zeros(sum(sizes), np.int32), offsets_of(np.array(sizes))),
        Ragged.of(rows, np.zeros((0, 3), np.int32)),
        none,
        none,
        np.ones(len(sizes), np.int32),
        np.zeros((1, 2), np.float32),
        np.zeros(1, np.int64),
    )
    return Graphs.of(made)


@st.composite
def molecules(draw):
    """One to four molecules: the numbers of their atoms, and their bonds, each once."""
    sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    bonds = []
    for size in sizes:
        pairs = [(a, b) for a in range(size) for b in range(a)]
        bonds.append(draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else [])
    return sizes, bonds


@given(molecules(), st.integers(0, 3))
def test_the_update_and_the_readout_are_those_of_the_paper(drawn, seed):
    sizes, bonds = drawn
    made = network(seed)
    atoms = torch.randn(sum(sizes), WIDTH, dtype=torch.float64)
    with torch.no_grad():
        found = made(atoms, graphs(sizes, bonds))
    start = 0
    for row, (size, of) in enumerate(zip(sizes, bonds, strict=True)):
        adjacency = torch.zeros(size, size, dtype=torch.float64)
        for a, b in of:
            adjacency[a, b] = adjacency[b, a] = 1
        states = atoms[start : start + size]
        expected = [states.sum(0)]
        for epsilon, perceptron in zip(made.epsilons, made.perceptrons, strict=True):
            with torch.no_grad():
                states = perceptron((1 + epsilon) * states + adjacency @ states)
            expected.append(states.sum(0))
        torch.testing.assert_close(found[row], torch.cat(expected))
        start += size


def test_a_molecule_of_another_numbering_of_its_atoms_has_the_same_embedding(features):
    torch.manual_seed(0)
    settings = ContrastiveBackbone(name="contrastive", molecule="gin", hidden=16, dimension=8)
    vectors = features.graphs.vectors
    backbone = build_backbone(settings, InputSpec(12, 10, vectors)).eval()
    given_graphs, random = features.graphs, np.random.default_rng(0)
    atoms, bonds = given_graphs.atoms.values.copy(), given_graphs.bonds.values.copy()
    for row in range(len(given_graphs)):
        start, end = given_graphs.atoms.offsets[row : row + 2]
        first, last = given_graphs.bonds.offsets[row : row + 2]
        order = random.permutation(end - start)
        atoms[start:end] = given_graphs.atoms.values[start:end][order]
        bonds[first:last, :2] = np.argsort(order)[bonds[first:last, :2]]
        bonds[first:last] = random.permutation(bonds[first:last])
    renumbered = dataclasses.replace(
        given_graphs,
        atoms=Ragged(atoms, given_graphs.atoms.offsets),
        bonds=Ragged(bonds, given_graphs.bonds.offsets),
    )
    with torch.no_grad():
        before, after = (
            backbone.encode_molecules(Molecules(torch.zeros(6, 10), Graphs.of(made)))["embedding"]
            for made in (given_graphs, renumbered)
        )
    torch.testing.assert_close(before, after)


def test_sums_tell_molecules_apart_that_means_cannot():
    rings = graphs([3, 6], [[(0, 1), (1, 2), (2, 0)], [(n, (n + 1) % 6) for n in range(6)]])
    atoms = torch.ones(9, WIDTH, dtype=torch.float64)
    with torch.no_grad():
        three, six = network()(atoms, rings)
    torch.testing.assert_close(2 * three, six)
    assert not torch.allclose(three, six)


def test_dropout_acts_in_training_alone():
    made, path = network(), graphs([3], [[(0, 1), (1, 2)]])
    atoms = torch.ones(3, WIDTH, dtype=torch.float64)
    assert torch.equal(made(atoms, path), made(atoms, path))
    made.train()
    assert not torch.equal(made(atoms, path), made(atoms, path))


@pytest.mark.parametrize("molecule", ["vectors", "gin"])
def test_only_the_network_needs_graphs(molecule):
    settings = ContrastiveBackbone(name="contrastive", molecule=molecule)
    assert Contrastive.needs(settings).graphs == (molecule == "gin")

"""Molecule graphs, also of unusual molecules, follow the documented rules."""

import numpy as np
import pytest
from mol2vec.features import mol2alt_sentence
from rdkit import Chem, rdBase

from class_sweep.base.array_cache import ArrayCache
from class_sweep.config.inputs import Mol2vecEncoder, MorganEncoder
from class_sweep.encoders.graphs import _atom_tokens, graph_vocabulary, molecule_graphs
from class_sweep.encoders.mol2vec import Mol2vecMoleculeEncoder
from class_sweep.encoders.molecule_graphs import BOND_KINDS, GraphVocabulary, MoleculeGraphs
from class_sweep.encoders.morgan import MorganMoleculeEncoder
from class_sweep.encoders.motifs import find_motifs
from class_sweep.encoders.substructures import substructure_vectors
from class_sweep.errors import EncoderError

PEPTIDE = "N[C@@H](CC(C)C)C(=O)" * 62 + "O"  # 497 heavy atoms
UNUSUAL = ["[Na+].[Cl-]", "O", "[H][H]", "", PEPTIDE]
SETTINGS = Mol2vecEncoder(kind="mol2vec", dimensions=4, epochs=1)


def graphs_of(
    settings: Mol2vecEncoder, smiles: list[str], fit: int | None = None
) -> MoleculeGraphs:
    """The graphs of molecules; the vectors are trained on the first `fit`, or on all."""
    table = substructure_vectors(settings, smiles[:fit])
    return molecule_graphs(
        graph_vocabulary(table, settings.radius, smiles), settings.radius, smiles
    )


@pytest.fixture(scope="module")
def graphs() -> MoleculeGraphs:
    smiles = ["CCO", "c1ccccc1O", *UNUSUAL]
    return graphs_of(SETTINGS, smiles)


def graph_at(graphs: MoleculeGraphs, row: int) -> MoleculeGraphs:
    return graphs.take(np.array([row]))


def test_a_graph_has_the_atoms_and_bonds_of_its_molecule(graphs):
    ethanol, phenol = graph_at(graphs, 0), graph_at(graphs, 1)
    assert len(ethanol.atoms.values) == 3
    assert ethanol.bonds.values.tolist() == [[0, 1, 0], [1, 2, 0]]
    kinds = phenol.bonds.values[:, 2].tolist()
    assert sorted(kinds) == [0, 8, 8, 8, 8, 8, 8]  # a single bond, and six aromatic bonds in a ring
    assert len(phenol.atoms.values) == 7


def test_every_unusual_molecule_has_an_atom_and_a_motif(graphs):
    ions, water, hydrogen, nothing, peptide = (graph_at(graphs, row) for row in range(2, 7))
    assert (len(ions.atoms.values), len(ions.bonds.values), ions.motifs.item()) == (2, 0, 2)
    assert (len(water.atoms.values), water.motifs.item()) == (1, 1)
    assert (len(hydrogen.atoms.values), hydrogen.motifs.item()) == (2, 1)
    assert (nothing.atoms.values.tolist(), nothing.motifs.item()) == ([0], 1)  # one unknown atom
    assert len(peptide.atoms.values) == 497
    assert peptide.motifs.item() > 62  # the amide bonds are cut
    for row in range(len(graphs)):
        graph = graph_at(graphs, row)
        atoms, motifs = graph.members.values.T
        assert set(atoms) == set(range(len(graph.atoms.values)))
        assert set(motifs) == set(range(graph.motifs.item()))
        assert (graph.bonds.values[:, :2] < len(graph.atoms.values)).all()
        assert (graph.bonds.values[:, 2] < BOND_KINDS).all()
        assert (graph.motif_bonds.values < graph.motifs.item()).all()


@pytest.mark.parametrize("radius", [0, 1, 2])
def test_an_atom_token_is_the_mol2vec_token_of_its_largest_radius(radius):
    molecules = [Chem.MolFromSmiles(text) for text in ("CC(=O)Nc1ccccc1", "CC", "[NH4+]", PEPTIDE)]
    for molecule, atom_tokens in zip(molecules, _atom_tokens(molecules, radius), strict=True):
        with rdBase.BlockLogs():
            sentence = mol2alt_sentence(molecule, radius)
        words = [str(identifier) for identifier in atom_tokens]
        assert len(words) == molecule.GetNumAtoms()
        assert set(words) <= set(sentence)
        if radius == 0:
            assert words == sentence


def test_atoms_start_from_the_vectors_of_their_tokens(tmp_path):
    tokens = sorted({str(t) for row in _atom_tokens([Chem.MolFromSmiles("CCO")], 1) for t in row})
    vectors = np.arange(len(tokens) * 3 + 3, dtype=np.float32).reshape(-1, 3)
    path = tmp_path / "vectors.npz"
    np.savez(path, tokens=np.array(["UNK", *tokens]), vectors=vectors)
    built = graphs_of(Mol2vecEncoder(kind="mol2vec", vectors=path), ["CCO", "CBr"], 1)
    assert built.vectors[0].tolist() == vectors[0].tolist()
    assert sorted(built.vectors[graph_at(built, 0).atoms.values].tolist()) == vectors[1:].tolist()
    assert 0 in graph_at(built, 1).atoms.values  # a substructure without a vector


@pytest.mark.parametrize("radius", [0, 1])
def test_a_vocabulary_rebuilds_the_graphs_and_knows_no_further_token(radius):
    settings = Mol2vecEncoder(kind="mol2vec", dimensions=4, epochs=1, radius=radius)
    smiles = ["CC(=O)Nc1ccccc1", "CCO", "CCO", "CCCO", "CCCCO"]
    first = graphs_of(settings, smiles)
    vocabulary = GraphVocabulary(first.identifiers, first.vectors)
    rebuilt = molecule_graphs(vocabulary, radius, smiles)
    for name, array in first.arrays().items():
        assert np.array_equal(rebuilt.arrays()[name], array), name
    (bromine,) = molecule_graphs(vocabulary, radius, ["Br"]).atoms.values
    assert bromine == 0


@pytest.mark.parametrize(
    ("smiles", "motifs"),
    [
        (
            "CC(=O)Nc1ccccc1",
            [{4, 5, 6, 7, 8, 9}, {0, 1, 2}, {3}],
        ),  # cut at amide and ring
        ("c1ccc2ccccc2c1", [{0, 1, 2, 3, 8, 9}, {3, 4, 5, 6, 7, 8}]),  # two rings share a bond
        ("CCCC", [{0, 1, 2, 3}]),
        ("C1CC1C1CC1", [{0, 1, 2}, {3, 4, 5}]),  # the bond between them is in neither ring
    ],
)
def test_motifs_are_rings_and_chains_between_cut_bonds(smiles, motifs):
    members, neighbours, count = find_motifs(Chem.MolFromSmiles(smiles))
    atom_sets = [{int(a) for a, m in members if m == motif} for motif in range(count)]
    assert sorted(map(sorted, atom_sets)) == sorted(map(sorted, motifs))
    joined = {motif for pair in neighbours.tolist() for motif in pair}
    assert joined == (set(range(count)) if count > 1 else set())


def test_graphs_are_cached_and_equal_molecules_share_a_graph(tmp_path):
    cache = ArrayCache(tmp_path)
    smiles = ["CCO", "CCN", "CCO"]
    encoder = Mol2vecMoleculeEncoder.fit(SETTINGS, smiles, cache=cache)
    built = encoder.graphs(smiles, cache=cache)
    assert len(list(tmp_path.glob("graphs-*.safetensors"))) == 1
    cached = encoder.graphs(smiles, cache=cache)
    for name, array in built.arrays().items():
        assert np.array_equal(cached.arrays()[name], array), name
    assert graph_at(built, 0).atoms.values.tolist() == graph_at(built, 2).atoms.values.tolist()
    restored = MoleculeGraphs.from_arrays(built.arrays())
    assert all(restored.arrays()[n] is a for n, a in built.arrays().items())


def test_two_vocabularies_share_a_cache_but_no_graphs(tmp_path):
    smiles, cache = ["CC(=O)Nc1ccccc1", "CCO"], ArrayCache(tmp_path)
    encoder = Mol2vecMoleculeEncoder.fit(SETTINGS, smiles, cache=cache)
    whole = graphs_of(SETTINGS, smiles)
    vocabularies = [
        GraphVocabulary(whole.identifiers, whole.vectors),
        GraphVocabulary(whole.identifiers[:2], whole.vectors[:2]),
        GraphVocabulary(whole.identifiers, whole.vectors + 1),
    ]
    for vocabulary in vocabularies:
        built = encoder.graphs(smiles, cache=cache, vocabulary=vocabulary)
        expected = molecule_graphs(vocabulary, SETTINGS.radius, smiles)
        assert np.array_equal(built.vectors, vocabulary.vectors)
        assert np.array_equal(built.atoms.values, expected.atoms.values)


def test_graphs_need_mol2vec(tmp_path):
    cache = ArrayCache(tmp_path)
    with pytest.raises(EncoderError, match=r"must be mol2vec for a backbone .* got morgan"):
        MorganMoleculeEncoder.fit(MorganEncoder(kind="morgan"), [], cache=cache).graphs(
            ["CCO"], cache=cache
        )

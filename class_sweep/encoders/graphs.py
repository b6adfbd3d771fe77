"""Molecules to graphs whose atoms are substructure tokens of Mol2vec, as in Text2Mol."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from class_sweep.base.ragged import Ragged
from class_sweep.encoders.molecule_graphs import GraphVocabulary, MoleculeGraphs
from class_sweep.encoders.motifs import find_motifs
from class_sweep.encoders.structures import parse_molecules
from class_sweep.encoders.token_vectors import UNKNOWN, TokenVectors

_KINDS = {
    Chem.BondType.SINGLE: 0,
    Chem.BondType.DOUBLE: 1,
    Chem.BondType.TRIPLE: 2,
    Chem.BondType.AROMATIC: 3,
}
_OTHER = 4
_IN_RING = 5  # added to the kind of a bond inside a ring


def graph_vocabulary(table: TokenVectors, radius: int, smiles: Sequence[str]) -> GraphVocabulary:
    """Make the vocabulary of the tokens that have a vector and occur in the molecules.

    Token 0 is the unknown token.

    Args:
        table: The substructure vectors.
        radius: The radius of the substructures, in bonds.
        smiles: (N,) SMILES.

    Raises:
        EncoderError: If RDKit cannot read a SMILES.
    """
    tokens = {str(t): t for row in _atom_tokens(parse_molecules(smiles), radius) for t in row}
    shared = sorted(tokens.keys() & table.rows.keys())
    unknown = np.zeros((1, table.vectors.shape[1]), np.float32)
    if UNKNOWN in table.rows:
        unknown[0] = table.vectors[table.rows[UNKNOWN]]
    rows = [table.rows[token] for token in shared]
    identifiers = np.array([-1, *(tokens[token] for token in shared)], np.int64)
    return GraphVocabulary(identifiers, np.concatenate([unknown, table.vectors[rows]]))


def molecule_graphs(
    vocabulary: GraphVocabulary, radius: int, smiles: Sequence[str]
) -> MoleculeGraphs:
    """Make the graph of each molecule; a molecule without atoms becomes one unknown atom.

    The token of an atom is its substructure of the given radius, or of the largest smaller radius
    at which the fingerprint lists a substructure of the atom. A token outside the vocabulary is
    unknown.

    Args:
        vocabulary: The tokens and their vectors.
        radius: The radius of the substructures, in bonds.
        smiles: (N,) SMILES.

    Raises:
        EncoderError: If RDKit cannot read a SMILES.
    """
    molecules = parse_molecules(smiles)
    identifiers = vocabulary.identifiers.tolist()
    numbers = {identifier: number for number, identifier in enumerate(identifiers)}
    atoms = [
        np.array([numbers.get(token, 0) for token in row] or [0], np.int32)
        for row in _atom_tokens(molecules, radius)
    ]
    members, motif_bonds, motifs = zip(*map(_motifs, molecules), strict=True)
    no_pairs = np.zeros((0, 2), np.int32)
    return MoleculeGraphs(
        Ragged.of(atoms, np.zeros(0, np.int32)),
        Ragged.of([_bonds(molecule) for molecule in molecules], np.zeros((0, 3), np.int32)),
        Ragged.of(members, no_pairs),
        Ragged.of(motif_bonds, no_pairs),
        np.array(motifs, np.int32),
        vocabulary.vectors,
        vocabulary.identifiers,
    )


def _atom_tokens(molecules: Sequence[Chem.Mol], radius: int) -> list[list[int]]:
    """The Morgan identifier of each atom of each molecule."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=radius)
    tokens = []
    for molecule in molecules:
        output = rdFingerprintGenerator.AdditionalOutput()
        output.AllocateBitInfoMap()
        generator.GetSparseCountFingerprint(molecule, additionalOutput=output)
        largest: dict[int, tuple[int, int]] = {}
        for identifier, centres in output.GetBitInfoMap().items():
            for atom, reach in centres:
                largest[atom] = max(largest.get(atom, (-1, 0)), (reach, identifier))
        tokens.append([largest[atom][1] for atom in range(molecule.GetNumAtoms())])
    return tokens


def _bonds(molecule: Chem.Mol) -> NDArray[np.int32]:
    bonds = [
        (
            bond.GetBeginAtomIdx(),
            bond.GetEndAtomIdx(),
            _KINDS.get(bond.GetBondType(), _OTHER) + _IN_RING * bond.IsInRing(),
        )
        for bond in molecule.GetBonds()
    ]
    return np.array(bonds, np.int32).reshape(-1, 3)


def _motifs(molecule: Chem.Mol) -> tuple[NDArray[np.int32], NDArray[np.int32], int]:
    if molecule.GetNumAtoms() == 0:  # its unknown atom is a motif
        return np.zeros((1, 2), np.int32), np.zeros((0, 2), np.int32), 1
    return find_motifs(molecule)

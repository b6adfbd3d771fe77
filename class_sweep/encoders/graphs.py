"""Molecules to graphs whose atoms are Mol2vec's substructures, as Text2Mol's are."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from class_sweep.base.ragged import Ragged
from class_sweep.config.inputs import Mol2vecEncoder
from class_sweep.encoders.mol2vec import substructure_vectors
from class_sweep.encoders.molecule_graphs import MoleculeGraphs
from class_sweep.encoders.motifs import find_motifs
from class_sweep.encoders.structures import parse_molecules
from class_sweep.encoders.vectors import UNKNOWN, TokenVectors

_KINDS = {
    Chem.BondType.SINGLE: 0,
    Chem.BondType.DOUBLE: 1,
    Chem.BondType.TRIPLE: 2,
    Chem.BondType.AROMATIC: 3,
}
_OTHER = 4
_IN_RING = 5  # added to the kind of a bond inside a ring


def molecule_graphs(
    settings: Mol2vecEncoder, smiles: Sequence[str], fit_molecules: NDArray[np.int64]
) -> MoleculeGraphs:
    """The graph of each molecule; one without atoms stands as a single unknown atom.

    An atom's token is its substructure of `settings.radius`, or of the largest radius below at
    which it has one of its own. A token without a vector is unknown.

    Args:
        settings: The file of vectors, or how to train them.
        smiles: (N,)
        fit_molecules: Places in `smiles` of the training molecules; not used with a file.

    Raises:
        EncoderError: If a SMILES or the file cannot be read, or there is nothing to train on.
    """
    molecules = parse_molecules(smiles)
    tokens = _atom_tokens(molecules, settings.radius)
    table = substructure_vectors(settings, smiles, fit_molecules)
    return _graphs(molecules, tokens, *_vocabulary(table, tokens))


def graphs_over(
    identifiers: NDArray[np.int64], vectors: NDArray[np.float32], radius: int, smiles: Sequence[str]
) -> MoleculeGraphs:
    """Further molecules, over the tokens of others: what those never met is unknown.

    Args:
        identifiers: (V,) as of `MoleculeGraphs`.
        vectors: (V, D) of the same tokens.
        radius: Of the tokens.
        smiles: (N,)

    Raises:
        EncoderError: If a SMILES cannot be read.
    """
    molecules = parse_molecules(smiles)
    return _graphs(molecules, _atom_tokens(molecules, radius), identifiers, vectors)


def _graphs(
    molecules: Sequence[Chem.Mol],
    tokens: Sequence[Sequence[int]],
    identifiers: NDArray[np.int64],
    vectors: NDArray[np.float32],
) -> MoleculeGraphs:
    places = {identifier: place for place, identifier in enumerate(identifiers.tolist())}
    atoms = [np.array([places.get(t, 0) for t in own] or [0], np.int32) for own in tokens]
    members, motif_bonds, motifs = zip(*map(_motifs, molecules), strict=True)
    pairs = np.zeros((0, 2), np.int32)
    return MoleculeGraphs(
        Ragged.of(atoms, np.zeros(0, np.int32)),
        Ragged.of([_bonds(molecule) for molecule in molecules], np.zeros((0, 3), np.int32)),
        Ragged.of(members, pairs),
        Ragged.of(motif_bonds, pairs),
        np.array(motifs, np.int32),
        vectors,
        identifiers,
    )


def _atom_tokens(molecules: Sequence[Chem.Mol], radius: int) -> list[list[int]]:
    """The Morgan identifier of each atom of each molecule."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=radius)
    tokens = []
    for molecule in molecules:
        found = rdFingerprintGenerator.AdditionalOutput()
        found.AllocateBitInfoMap()
        generator.GetSparseCountFingerprint(molecule, additionalOutput=found)
        largest: dict[int, tuple[int, int]] = {}
        for identifier, centres in found.GetBitInfoMap().items():
            for atom, reach in centres:
                largest[atom] = max(largest.get(atom, (-1, 0)), (reach, identifier))
        tokens.append([largest[atom][1] for atom in range(molecule.GetNumAtoms())])
    return tokens


def _vocabulary(
    table: TokenVectors, tokens: Sequence[Sequence[int]]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The identifiers that molecules and table share, and their vectors, the unknown one first."""
    met = {str(t): t for own in tokens for t in own}
    known = sorted(met.keys() & table.places.keys())
    unknown = np.zeros((1, table.vectors.shape[1]), np.float32)
    if UNKNOWN in table.places:
        unknown[0] = table.vectors[table.places[UNKNOWN]]
    rows = [table.places[token] for token in known]
    identifiers = np.array([-1, *(met[token] for token in known)], np.int64)
    return identifiers, np.concatenate([unknown, table.vectors[rows]])


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
    if molecule.GetNumAtoms() == 0:  # its one unknown atom is a motif
        return np.zeros((1, 2), np.int32), np.zeros((0, 2), np.int32), 1
    return find_motifs(molecule)

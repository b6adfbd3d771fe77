"""The motifs of a molecule: its rings, and its chains cut at BRICS bonds.

The chains are cut by BRICS (Degen et al. 2008, ChemMedChem 3, 1503) as RDKit implements it. Two
further rules come from ORMA (arXiv 2411.11875): every bond between a ring and an atom outside it is
cut, and a fused ring system is split into its smallest set of smallest rings, which share atoms.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import BRICS

Pairs = NDArray[np.int32]


def find_motifs(molecule: Chem.Mol) -> tuple[Pairs, Pairs, int]:
    """Find the motifs of a molecule with at least one atom. Every atom is in at least one motif.

    Returns:
        (P, 2) an atom and its motif; (Q, 2) two motifs that share an atom or are joined by a bond,
        each pair once; and the number of motifs.
    """
    rings = [tuple(ring) for ring in Chem.GetSymmSSSR(molecule)]
    motifs = [*rings, *_chains(molecule, {atom for ring in rings for atom in ring})]
    motifs_of: list[list[int]] = [[] for _ in range(molecule.GetNumAtoms())]
    for motif, atoms in enumerate(motifs):
        for atom in atoms:
            motifs_of[atom].append(motif)
    neighbours = {pair for atom_motifs in motifs_of for pair in pairwise(atom_motifs)}
    for bond in molecule.GetBonds():
        first, second = motifs_of[bond.GetBeginAtomIdx()], motifs_of[bond.GetEndAtomIdx()]
        if not set(first) & set(second):
            neighbours |= {(min(a, b), max(a, b)) for a in first for b in second}
    members = [(atom, motif) for atom, atom_motifs in enumerate(motifs_of) for motif in atom_motifs]
    return _pairs(members), _pairs(sorted(neighbours)), len(motifs)


def _chains(molecule: Chem.Mol, in_ring: set[int]) -> list[tuple[int, ...]]:
    """The chains: connected atoms outside rings, after the BRICS bonds are cut."""
    cut = {tuple(sorted(atoms)) for atoms, _ in BRICS.FindBRICSBonds(molecule)}  # type: ignore[no-untyped-call]
    parent = list(range(molecule.GetNumAtoms()))  # a union-find forest

    def root(atom: int) -> int:
        while parent[atom] != atom:
            parent[atom] = parent[parent[atom]]
            atom = parent[atom]
        return atom

    for bond in molecule.GetBonds():
        a, b = sorted((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()))
        if a not in in_ring and b not in in_ring and (a, b) not in cut:
            parent[root(a)] = root(b)
    chains: dict[int, list[int]] = {}
    for atom in range(molecule.GetNumAtoms()):
        if atom not in in_ring:
            chains.setdefault(root(atom), []).append(atom)
    return [tuple(atoms) for atoms in chains.values()]


def _pairs(pairs: list[tuple[int, int]]) -> Pairs:
    return np.array(pairs, np.int32).reshape(-1, 2)

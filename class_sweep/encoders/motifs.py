"""A molecule in chemically meaningful pieces: its rings, and its chains cut at BRICS bonds.

BRICS is Degen et al. 2008 (ChemMedChem 3, 1503), in RDKit's reading. As in ORMA (arXiv 2411.11875)
ring systems are split further: every bond outside a ring that touches one is cut, and a fused
system becomes the rings of its smallest set, which share atoms.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import BRICS

Pairs = NDArray[np.int32]


def find_motifs(molecule: Chem.Mol) -> tuple[Pairs, Pairs, int]:
    """The motifs of a molecule with at least one atom; every atom is in one or more.

    Returns:
        (P, 2) atom and motif; (Q, 2) motifs that share a bond or an atom, each pair once; and how
        many motifs there are.
    """
    rings = [tuple(ring) for ring in Chem.GetSymmSSSR(molecule)]
    motifs = [*rings, *_chains(molecule, {atom for ring in rings for atom in ring})]
    of_atom: list[list[int]] = [[] for _ in range(molecule.GetNumAtoms())]
    for motif, atoms in enumerate(motifs):
        for atom in atoms:
            of_atom[atom].append(motif)
    touching = {pair for own in of_atom for pair in pairwise(own)}
    for bond in molecule.GetBonds():
        here, there = of_atom[bond.GetBeginAtomIdx()], of_atom[bond.GetEndAtomIdx()]
        if not set(here) & set(there):
            touching |= {(min(a, b), max(a, b)) for a in here for b in there}
    members = [(atom, motif) for atom, own in enumerate(of_atom) for motif in own]
    return _pairs(members), _pairs(sorted(touching)), len(motifs)


def _chains(molecule: Chem.Mol, in_ring: set[int]) -> list[tuple[int, ...]]:
    """The pieces outside rings: what hangs together by bonds that BRICS doesn't cut."""
    cut = {tuple(sorted(atoms)) for atoms, _ in BRICS.FindBRICSBonds(molecule)}  # type: ignore[no-untyped-call]
    root = list(range(molecule.GetNumAtoms()))

    def find(atom: int) -> int:
        while root[atom] != atom:
            root[atom] = root[root[atom]]
            atom = root[atom]
        return atom

    for bond in molecule.GetBonds():
        a, b = sorted((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()))
        if a not in in_ring and b not in in_ring and (a, b) not in cut:
            root[find(a)] = find(b)
    pieces: dict[int, list[int]] = {}
    for atom in range(molecule.GetNumAtoms()):
        if atom not in in_ring:
            pieces.setdefault(find(atom), []).append(atom)
    return [tuple(atoms) for atoms in pieces.values()]


def _pairs(pairs: list[tuple[int, int]]) -> Pairs:
    return np.array(pairs, np.int32).reshape(-1, 2)

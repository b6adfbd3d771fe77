"""Molecule graphs in flat arrays. Trials read them without RDKit."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from class_sweep.base.ragged import Ragged

BOND_KINDS = 10
"""Single, double, triple, aromatic and any other bond, each outside a ring and inside one."""


@dataclass(frozen=True)
class GraphVocabulary:
    """The substructures that the atoms of molecule graphs refer to.

    Attributes:
        identifiers: (V,) int64 the Morgan identifier of each token; -1 for token 0, the unknown.
        vectors: (V, D) float32 the initial vector of each token.
    """

    identifiers: NDArray[np.int64]
    vectors: NDArray[np.float32]


@dataclass(frozen=True)
class MoleculeGraphs:
    """N molecules. Atoms and motifs are numbered from 0 within their molecule.

    Attributes:
        atoms: N rows of (A,) int32: the substructure token of each atom; 0 is the unknown token.
        bonds: N rows of (E, 3) int32: two atoms and the kind of their bond; each bond once.
        members: N rows of (P, 2) int32: an atom and its motif; an atom of fused rings has several.
        motif_bonds: N rows of (Q, 2) int32: two motifs that share an atom or are joined by a bond;
            each pair once.
        motifs: (N,) int32, the number of motifs of each molecule; at least 1.
        vectors: (V, D) float32, the initial vector of the atoms with each token.
        identifiers: (V,) int64, the Morgan identifier of each token; -1 for token 0.
    """

    atoms: Ragged
    bonds: Ragged
    members: Ragged
    motif_bonds: Ragged
    motifs: NDArray[np.int32]
    vectors: NDArray[np.float32]
    identifiers: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.atoms)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """All arrays by name."""
        arrays: dict[str, NDArray[np.generic]] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            arrays |= value.arrays(field.name) if isinstance(value, Ragged) else {field.name: value}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """The inverse of `arrays`; nothing is copied."""
        names = [field.name for field in fields(cls)]
        return cls(
            *(arrays[n] if n in arrays else Ragged.from_arrays(arrays, n) for n in names)  # type: ignore[arg-type]
        )

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Molecules in the given order, with the same vectors."""
        return type(self)(
            self.atoms.take(rows),
            self.bonds.take(rows),
            self.members.take(rows),
            self.motif_bonds.take(rows),
            self.motifs[rows],
            self.vectors,
            self.identifiers,
        )

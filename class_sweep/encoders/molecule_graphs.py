"""Molecules as graphs in flat arrays, which trials read without RDKit."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from class_sweep.base.ragged import Ragged

BOND_KINDS = 10
"""Single, double, triple, aromatic and any other bond, each outside a ring and inside one."""


@dataclass(frozen=True)
class MoleculeGraphs:
    """N molecules. Atoms and motifs are numbered from 0 within their molecule.

    Attributes:
        atoms: A row of substructure tokens a molecule, (ΣA,) int32; 0 is an unknown one.
        bonds: (ΣE, 3) int32: an atom, another, and the kind of the bond; each bond once.
        members: (ΣP, 2) int32: an atom and a motif that it is in; a fused atom is in several.
        motif_bonds: (ΣQ, 2) int32: two motifs that share a bond or an atom; each pair once.
        motifs: (N,) int32 how many motifs a molecule has; at least one.
        vectors: (V, D) float32 the vector of each token, which its atoms start from.
        identifiers: (V,) int64 the Morgan identifier that each token stands for; -1 for token 0.
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
        found: dict[str, NDArray[np.generic]] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            found |= value.arrays(field.name) if isinstance(value, Ragged) else {field.name: value}
        return found

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

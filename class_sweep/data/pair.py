"""The pairs of a data set: one text, one molecule, one split."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from class_sweep.config.inputs import SPLITS


@dataclass(frozen=True)
class Dropped:
    """A row of the source that was dropped, and the reason."""

    id: str
    place: str  # file:line
    reason: str


@dataclass(frozen=True, slots=True)
class Molecule:
    """A molecule without a text."""

    id: str
    smiles: str  # as in the source
    canonical: str


@dataclass(frozen=True, eq=False)
class Origin:
    """The rows of a data set before cleaning, each numbered from 0.

    Attributes:
        ids: (R,) the id of each row of the data, dropped rows included.
        rows: (L,) the row of each pair.
        extra_ids: (E,) the id of each row of the file of extra molecules.
        extra_rows: (X,) the row of each extra molecule.
    """

    ids: tuple[str, ...]
    rows: NDArray[np.int64]
    extra_ids: tuple[str, ...] = ()
    extra_rows: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


@dataclass(frozen=True, eq=False)
class SourceRows:
    """The texts or the molecules of a data set, and where they stand in the source.

    Attributes:
        inputs: (N,) the texts, or the canonical SMILES; equal values are one input.
        rows: (N,) the row of each input in the source, from 0; dropped rows count.
        ids: (R,) the ids of all rows of the source.
    """

    inputs: tuple[str, ...]
    rows: NDArray[np.int64]
    ids: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class PairSet:
    """L pairs: the training rows first, then validation, then test.

    Attributes:
        ids: (L,) identifiers in the source; not necessarily unique.
        smiles: (L,) SMILES as in the source.
        texts: (L,) descriptions.
        split: (L,) int8 codes into `SPLITS`, ascending, read-only.
        molecules: (L,) canonical isomeric SMILES; equal strings are the same molecule.
        dropped: rows that were left out.
        extra_molecules: distinct molecules of no pair: candidates of the pool `all`.
        difficulty: (L,) numbers of the source, low is easy, finite for training rows; or None.
        origin: The rows of the source; None if the pairs are all of them.
    """

    ids: tuple[str, ...]
    smiles: tuple[str, ...]
    texts: tuple[str, ...]
    split: NDArray[np.int8]
    molecules: tuple[str, ...]
    dropped: tuple[Dropped, ...] = ()
    extra_molecules: tuple[Molecule, ...] = ()
    difficulty: NDArray[np.float64] | None = None
    origin: Origin | None = None

    def __post_init__(self) -> None:
        lengths = [len(c) for c in (self.ids, self.smiles, self.texts, self.split, self.molecules)]
        if len(set(lengths)) != 1:
            raise ValueError(f"the columns must be equally long, got {lengths}")
        if (np.diff(self.split) < 0).any():
            raise ValueError("the rows must be ordered train, validation, test")
        self.split.setflags(write=False)

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, split: str) -> NDArray[np.intp]:
        """The row indices of one split, ascending.

        Args:
            split: One of `SPLITS`.

        Raises:
            ValueError: If the name is unknown.
        """
        return np.flatnonzero(self.split == SPLITS.index(split))

    @property
    def all_smiles(self) -> tuple[str, ...]:
        """(L + X,) the SMILES of the pairs, then of the extra molecules, as in their sources."""
        return (*self.smiles, *(molecule.smiles for molecule in self.extra_molecules))

    @property
    def text_rows(self) -> SourceRows:
        """The texts, and their rows in the source."""
        origin = self._origin()
        return SourceRows(self.texts, origin.rows, origin.ids)

    @property
    def molecule_rows(self) -> SourceRows:
        """The molecules of the pairs, then the extra ones, whose rows follow those of the data."""
        origin = self._origin()
        return SourceRows(
            (*self.molecules, *(molecule.canonical for molecule in self.extra_molecules)),
            np.concatenate([origin.rows, origin.extra_rows + len(origin.ids)]),
            (*origin.ids, *origin.extra_ids),
        )

    def _origin(self) -> Origin:
        extra = tuple(molecule.id for molecule in self.extra_molecules)
        whole = Origin(self.ids, np.arange(len(self)), extra, np.arange(len(extra)))
        return self.origin or whole

    def checksum(self) -> str:
        """SHA-256 (hex) over ids, SMILES, texts, splits, extra molecules and difficulty."""
        digest = hashlib.sha256(f"{len(self)}\n".encode())
        for part in self._parts():
            # The length prefix distinguishes ("ab", "c") from ("a", "bc").
            digest.update(len(part).to_bytes(8, "little") + part)
        return digest.hexdigest()

    def _parts(self) -> Iterator[bytes]:
        yield from (value.encode() for value in chain(self.ids, self.smiles, self.texts))
        yield self.split.tobytes()
        yield from (molecule.smiles.encode() for molecule in self.extra_molecules)
        if self.difficulty is not None:
            yield self.difficulty.tobytes()

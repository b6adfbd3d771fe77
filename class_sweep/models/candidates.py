"""The candidates of a query: the distinct molecules or texts of a data set, or of a file."""

from dataclasses import dataclass
from pathlib import Path

from class_sweep.data.molecules import read_molecules, read_texts
from class_sweep.data.pair import PairSet


@dataclass(frozen=True, slots=True)
class Candidate:
    """A molecule, a text, or both.

    Attributes:
        smiles: The molecule as its source writes it.
        text: The text; for a molecule of a data set, its first text, if it has one.
        id: The name in the source.
    """

    smiles: str | None
    text: str | None
    id: str | None


def molecules_in(pairs: PairSet) -> list[Candidate]:
    """The distinct molecules of a data set, those without text at the end."""
    by_molecule: dict[str, Candidate] = {}
    columns = zip(pairs.molecules, pairs.smiles, pairs.texts, pairs.ids, strict=True)
    for molecule, smiles, text, name in columns:
        if molecule not in by_molecule:
            by_molecule[molecule] = Candidate(smiles, text, name)
    extra = (Candidate(molecule.smiles, None, molecule.id) for molecule in pairs.extra_molecules)
    return [*by_molecule.values(), *extra]


def texts_in(pairs: PairSet) -> list[Candidate]:
    """The distinct texts of a data set, each with the first molecule that it describes."""
    by_text: dict[str, Candidate] = {}
    for smiles, text, name in zip(pairs.smiles, pairs.texts, pairs.ids, strict=True):
        if text not in by_text:
            by_text[text] = Candidate(smiles, text, name)
    return list(by_text.values())


def molecules_of(path: Path) -> list[Candidate]:
    """The distinct molecules of a file.

    Raises:
        DataError: If it cannot be read; see `read_molecules`.
    """
    return [Candidate(molecule.smiles, None, molecule.id) for molecule in read_molecules(path)]


def texts_of(path: Path) -> list[Candidate]:
    """The distinct texts of a file.

    Raises:
        DataError: If it cannot be read; see `read_texts`.
    """
    return [Candidate(None, text, None) for text in read_texts(path)]

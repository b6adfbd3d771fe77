"""What a query is ranked against: the distinct molecules or texts of a data set, or of a file."""

from dataclasses import dataclass
from pathlib import Path

from class_sweep.data.molecules import read_molecules, read_texts
from class_sweep.data.pair import PairSet


@dataclass(frozen=True, slots=True)
class Candidate:
    """A molecule, a text, or what the data set knows of both.

    Attributes:
        smiles: As its source writes it.
        text: The first that the data set has of the molecule, if it has one.
        id: The source's own name.
    """

    smiles: str | None
    text: str | None
    id: str | None


def molecules_in(pairs: PairSet) -> list[Candidate]:
    """The distinct molecules of a data set, those without text at the end."""
    found: dict[str, Candidate] = {}
    columns = zip(pairs.molecules, pairs.smiles, pairs.texts, pairs.ids, strict=True)
    for molecule, smiles, text, name in columns:
        if molecule not in found:
            found[molecule] = Candidate(smiles, text, name)
    return [*found.values(), *(Candidate(more.smiles, None, more.id) for more in pairs.more)]


def texts_in(pairs: PairSet) -> list[Candidate]:
    """The distinct texts of a data set, each with the first molecule that it describes."""
    found: dict[str, Candidate] = {}
    for smiles, text, name in zip(pairs.smiles, pairs.texts, pairs.ids, strict=True):
        if text not in found:
            found[text] = Candidate(smiles, text, name)
    return list(found.values())


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

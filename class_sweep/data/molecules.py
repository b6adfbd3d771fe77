"""Files of molecules or texts that are in no pair: extra candidates of a ranking."""

from collections.abc import Iterator, Mapping, Sized
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from class_sweep.data.cleaning import FollowingText, report_dropped
from class_sweep.data.pair import Dropped, Molecule
from class_sweep.data.smiles import canonical, explain_unreadable, split_smiles
from class_sweep.data.table_formats import FORMATS, SourceTable, read_records
from class_sweep.data.text_file import format_suffix, open_lines
from class_sweep.data.values import text_of
from class_sweep.errors import DataError


@dataclass(frozen=True, slots=True)
class _Line:
    id: str
    value: str
    place: str  # file:line


@dataclass(frozen=True)
class MoleculeFile:
    """The molecules of a file.

    Attributes:
        ids: The ids of all rows of a table, or of all lines that are not blank.
        molecules: By its row, from 0, each distinct molecule, in the order of the file.
    """

    ids: tuple[str, ...]
    molecules: Mapping[int, Molecule]


def read_molecules(path: Path) -> tuple[Molecule, ...]:
    """The distinct molecules of a file, in the order of the file; see `read_molecule_file`."""
    return tuple(read_molecule_file(path).molecules.values())


def read_molecule_file(path: Path) -> MoleculeFile:
    """Read a file of molecules.

    A table (.csv, .tsv, .jsonl, .parquet) has a column `smiles` and may have `id` or `cid`. In any
    other file each line is a SMILES; white space and a name may follow. Text may be compressed.

    Raises:
        DataError: If the file cannot be read or is empty, or RDKit cannot read more than 2 % of it.
    """
    lines = list(_smiles_lines(path))
    molecule = canonical({line.value for line in lines if line.value})
    given = [(row, line) for row, line in enumerate(lines) if line.value]
    dropped = [
        Dropped(line.id, line.place, explain_unreadable(line.value))
        for _, line in given
        if not molecule[line.value]
    ]
    report_dropped(dropped, len(given))
    distinct: dict[str, tuple[int, Molecule]] = {}
    for row, line in given:
        if key := molecule[line.value]:
            distinct.setdefault(key, (row, Molecule(line.id, line.value, key)))
    _require_some(distinct, "molecule", path)
    return MoleculeFile(tuple(line.id for line in lines), dict(distinct.values()))


def read_texts(path: Path) -> tuple[str, ...]:
    """The distinct texts of a file, in order: the column `text` of a table, or the lines.

    Raises:
        DataError: If the file cannot be read or is empty.
    """
    texts = dict.fromkeys(line.value for line in _read(path, "text") if line.value)
    _require_some(texts, "text", path)
    return tuple(texts)


def _require_some(values: Sized, what: str, path: Path) -> None:
    if not values:
        raise DataError(f"a file of candidates must hold a {what}, got none: {path}")


def _smiles_lines(path: Path) -> Iterator[_Line]:
    """The SMILES, each with its id; what else follows a blank is left out with a warning."""
    is_table = format_suffix(path) in FORMATS
    following = FollowingText()
    for line in _read(path, "smiles"):
        smiles, rest = split_smiles(line.value)
        name = "" if is_table or rest.startswith("|") else rest
        following.note(rest if name != rest else "", line.place)
        yield _Line(name or line.id, smiles, line.place)
    following.warn()


def _read(path: Path, column: str) -> Iterator[_Line]:
    """The values of a column, empty ones included, or the lines that are not blank."""
    if format_suffix(path) in FORMATS:
        smiles = column if column == "smiles" else None
        label = f"column {column!r}"
        table = SourceTable(path, (column,), optional=("id", "cid"), smiles=smiles)
        with closing(read_records(table)) as records:
            for number, (place, (value, *names)) in enumerate(records, start=1):
                text = text_of(value, label, place)
                name = next(filter(None, (text_of(name, "the id", place) for name in names)), "")
                yield _Line(name or str(number), text, place)
        return
    with open_lines(path, "a file of candidates") as lines:
        for number, line in enumerate(lines, start=1):
            place = f"{path}:{number}"
            if text := text_of(line, "the line", place):
                yield _Line(str(number), text, place)

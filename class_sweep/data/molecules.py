"""Files of molecules or texts that are in no pair: extra candidates of a ranking."""

from collections.abc import Sized
from dataclasses import dataclass
from pathlib import Path

from class_sweep.data.cleaning import canonical, report_dropped
from class_sweep.data.pair import Dropped, Molecule
from class_sweep.data.table import READERS, read_records
from class_sweep.errors import DataError


@dataclass(frozen=True, slots=True)
class _Line:
    id: str
    value: str
    place: str  # file:line


def read_molecules(path: Path) -> tuple[Molecule, ...]:
    """The distinct molecules of a file, in the order of the file.

    A table (.csv, .tsv, .jsonl, .parquet) has a column `smiles` and may have `id` or `cid`. In any
    other file each line is a SMILES; white space and a name may follow.

    Raises:
        DataError: If the file cannot be read or is empty, or RDKit cannot read more than 2 % of it.
    """
    lines = _read(path, "smiles")
    molecule = canonical({line.value for line in lines})
    dropped = [
        Dropped(line.id, line.place, f"RDKit cannot read the SMILES {line.value!r}")
        for line in lines
        if not molecule[line.value]
    ]
    report_dropped(dropped, len(lines))
    distinct: dict[str, Molecule] = {}
    for line in lines:
        if key := molecule[line.value]:
            distinct.setdefault(key, Molecule(line.id, line.value, key))
    _require_some(distinct, "molecule", path)
    return tuple(distinct.values())


def read_texts(path: Path) -> tuple[str, ...]:
    """The distinct texts of a file, in order: the column `text` of a table, or the lines.

    Raises:
        DataError: If the file cannot be read or is empty.
    """
    texts = dict.fromkeys(line.value for line in _read(path, "text"))
    _require_some(texts, "text", path)
    return tuple(texts)


def _require_some(values: Sized, what: str, path: Path) -> None:
    if not values:
        raise DataError(f"a file of candidates must hold a {what}, got none: {path}")


def _read(path: Path, column: str) -> list[_Line]:
    """The non-empty values of a column, or the non-empty lines."""
    if path.suffix in READERS:
        records = enumerate(read_records(path, [column]), start=1)
        lines = [
            _Line(str(record.get("id", record.get("cid", number))), str(record[column]), place)
            for number, (place, record) in records
        ]
    else:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else f"not UTF-8: {error}"
            raise DataError(
                f"a file of candidates must be readable, got {reason}: {path}"
            ) from None
        lines = []
        for number, line in enumerate(text.split("\n"), start=1):
            value, name = line.strip(), ""
            if column == "smiles":
                value, _, name = value.partition("\t" if "\t" in value else " ")
            lines.append(_Line(name.strip() or str(number), value, f"{path}:{number}"))
    return [line for line in lines if line.value.strip()]

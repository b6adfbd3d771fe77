"""Which columns of an unknown table hold the SMILES, the texts, the ids and the splits."""

import csv
import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

from class_sweep.config.inputs import SPLITS, Columns, TableData
from class_sweep.data.smiles import canonical, split_smiles
from class_sweep.data.table import SPLIT_NAMES
from class_sweep.data.table_formats import (
    DELIMITERS,
    SourceTable,
    column_names,
    read_records,
    usual_delimiter,
)
from class_sweep.data.text_file import open_lines
from class_sweep.errors import DataError

_SAMPLE = 1000  # rows
_PARSED = 200  # SMILES of a column
_MOLECULES = 0.8  # share of readable SMILES in a column of SMILES; names and formulas stay below it
_PROSE = 3  # words of the median text from which a column is shown as a second choice
_TEXT_NAMES = ("text", "description", "caption", "definition")
_ID = re.compile(r"(?i:(?:.*[\W_])?(?:id|cid|sid)|index|chebi)|.*[a-z](?:Id|ID)", re.ASCII)
_NO_PROSE = re.compile(r"InChI=.*|[A-Z]{14}-[A-Z]{10}-[A-Z]|[-+]?[\d.]+(?:[eE][-+]?\d+)?")

Sample = Mapping[str, Sequence[str]]
"""Column to its values in the first rows, blank ones left out."""


@dataclass(frozen=True)
class FoundTable:
    """The settings of a table that were found, and what a reader should know of the choice.

    Attributes:
        data: The settings, with the default rule of the splits where no column has them.
        notes: One sentence for each choice that could have been another.
    """

    data: TableData
    notes: tuple[str, ...]


def find_columns(path: Path, *, smiles: str | None = None, text: str | None = None) -> FoundTable:
    """Find the delimiter and the columns of a table by its first rows.

    The column of SMILES is one whose values RDKit reads. The column of texts has a usual name, or
    else the longest values.

    Args:
        path: The table.
        smiles: The column of the SMILES, if the user names it.
        text: The column of the texts, if the user names it.

    Raises:
        DataError: If the file cannot be read, or a column is neither named nor found.
    """
    delimiter = _delimiter(path)
    character = None if delimiter is None else DELIMITERS[delimiter]
    names = column_names(path, character)
    sample = _sample(path, names, character)
    molecules = _of_molecules(sample) if smiles is None else [smiles]
    if data_row := next((name for name in molecules if canonical([name])[name]), None):
        raise DataError(f"a table must have a header, got the SMILES {data_row!r} in it: {path}")
    splits = [n for n, values in sample.items() if n != text and _are_splits(values)]
    prose = {n: values for n, values in sample.items() if n not in {*molecules, *splits}}
    texts = _of_texts(prose) if text is None else [text]
    smiles = _first(molecules, "SMILES", "--smiles", path, names)
    text = _first(texts, "texts", "--text", path, names)
    split, unusable = _split_column(path, splits, character)
    rows = max(map(len, sample.values()))
    ids = [n for n in sample if len(sample[n]) == rows and _ID.fullmatch(n)]
    ids = [n for n in ids if n not in {smiles, text, split}]
    columns = Columns(smiles=smiles, text=text, id=next(iter(ids), None), split=split)
    data = TableData(source="table", path=path, columns=columns)
    notes = (*_others(molecules, "SMILES", "--smiles"), *_others(texts, "texts", "--text"))
    return FoundTable(data.model_copy(update={"delimiter": delimiter}), (*notes, *unusable))


def _first(found: Sequence[str], what: str, option: str, path: Path, names: Sequence[str]) -> str:
    if found:
        return found[0]
    among = ", ".join(map(repr, names)) or "no columns"
    raise DataError(
        f"a table must have a column of {what}, found none among {among}; name it with {option}:"
        f" {path}"
    )


def _others(found: Sequence[str], what: str, option: str) -> list[str]:
    """A note on the other columns that could have been taken."""
    if len(found) == 1:
        return []
    others = ", ".join(map(repr, found[1:]))
    return [f"{what}: took the column {found[0]!r}; {option} takes another: {others}"]


def _delimiter(path: Path) -> str | None:
    """The name of the delimiter, if it is not the one of the suffix: the most columns win."""
    usual = usual_delimiter(path)
    if usual is None:
        return None
    with open_lines(path, "a table") as lines:
        header = next(lines, "")
    columns = {
        name: len(next(csv.reader([header], delimiter=character), []))
        for name, character in DELIMITERS.items()
    }
    best = max(columns, key=lambda name: (columns[name], DELIMITERS[name] == usual))
    return None if DELIMITERS[best] == usual else best


def _sample(path: Path, names: Sequence[str], delimiter: str | None) -> Sample:
    table = SourceTable(path, (), optional=tuple(names), delimiter=delimiter)
    with closing(read_records(table)) as records:
        rows = [values for _, values in islice(records, _SAMPLE)]
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    return {
        name: [text for value in values if (text := _text(value))]
        for name, values in zip(names, columns, strict=True)
    }


def _text(value: object) -> str:
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _of_molecules(sample: Sample) -> list[str]:
    """The columns of SMILES, the likeliest first: by their name, then by their position."""
    shares = {name: _readable(values) for name, values in sample.items()}
    found = [name for name, share in shares.items() if share >= _MOLECULES]

    def likelihood(name: str) -> tuple[bool, bool]:
        return "smiles" not in name.lower(), "isomeric" not in name.lower()

    return sorted(found, key=likelihood)


def _readable(values: Sequence[str]) -> float:
    """The share of the values that RDKit reads; 0 for short codes, C and N among them."""
    smiles = [split_smiles(value)[0] for value in values[:_PARSED]]
    if not smiles or median(map(len, smiles)) < 3:
        return 0.0
    molecules = canonical(smiles)
    return sum(molecules[text] != "" for text in smiles) / len(smiles)


def _of_texts(sample: Sample) -> list[str]:
    """The columns that could hold the texts, the likeliest first."""
    words = {
        name: median(len(value.split()) for value in values)
        for name, values in sample.items()
        if values and len(set(values)) > 1 and not all(map(_NO_PROSE.fullmatch, values))
    }
    named = [name for known in _TEXT_NAMES for name in words if name.strip().lower() == known]
    others = [name for name in words if name not in named and not _ID.fullmatch(name)]
    longest = sorted(others, key=lambda name: -words[name])
    first = named or longest[:1]
    return first + [n for n in longest if n not in first and words[n] >= _PROSE]


def _are_splits(values: Sequence[str]) -> bool:
    return bool(values) and {value.lower() for value in values} <= SPLIT_NAMES.keys()


def _split_column(
    path: Path, candidates: Sequence[str], delimiter: str | None
) -> tuple[str | None, list[str]]:
    """The column of the splits, and a note on one that cannot be used; it is read as a whole."""
    for name in candidates:
        table = SourceTable(path, (name,), delimiter=delimiter)
        with closing(read_records(table)) as records:
            found = {_text(value).lower() for _, (value,) in records}
        splits = {SPLITS[SPLIT_NAMES[value]] for value in found if value in SPLIT_NAMES}
        if found <= SPLIT_NAMES.keys() and {"train", "validation"} <= splits:
            return name, []
        lacks = "other values" if found - SPLIT_NAMES.keys() else "not both train and validation"
        return None, [
            f"the column {name!r} has {lacks}, so the rows are split anew; the new test split is"
            " not the column's"
        ]
    return None, []

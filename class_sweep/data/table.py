"""A user's own table: CSV, TSV, JSON Lines or Parquet, every value read as text."""

import csv
import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import pandas as pd

from class_sweep.config.inputs import SPLITS, TableData
from class_sweep.data.source import Row, Source
from class_sweep.errors import DataError

Record = tuple[str, dict[str, Any]]  # file:line, and the values by column

SPLIT_NAMES = {"train": 0, "validation": 1, "valid": 1, "val": 1, "dev": 1, "test": 2}

csv.field_size_limit(2**31 - 1)  # the default refuses a text over 128 KiB


def read_table(settings: TableData) -> Source:
    """Read a table by its suffix: .csv, .tsv, .jsonl (each also with .gz) or .parquet.

    Args:
        settings: The file, its columns and, without a split column, the rule of the splits.

    Returns:
        The rows. No test split is needed if the split column never has the value `test`.

    Raises:
        DataError: If the file, a column or a value does not match the settings.
    """
    columns = settings.columns
    wanted = [columns.smiles, columns.text, columns.id, columns.split]
    named = [name for name in wanted if name is not None]
    rows = []
    for number, (place, record) in enumerate(read_records(settings.path, named), start=1):
        smiles, text, identifier, split = (
            _text(record[name], name, place) if name is not None else None for name in wanted
        )
        code = None if split is None else _split_code(split, place)
        rows.append(Row(identifier or str(number), smiles or "", text or "", place, code))
    if columns.split is None:
        needed = SPLITS if settings.split.test > 0 else SPLITS[:2]
        return Source(rows, needed, settings.split)
    has_test = any(row.split == SPLITS.index("test") for row in rows)
    return Source(rows, SPLITS if has_test else SPLITS[:2])


def read_records(path: Path, wanted: list[str]) -> list[Record]:
    """The records of a table, each with its `file:line`; the suffix names the format.

    The records are a list, not an iterator, so that the file is closed on return.

    Raises:
        DataError: If the file cannot be read, or a wanted column is missing.
    """
    suffix = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    reader = READERS.get(suffix)
    if reader is None or (path.suffix == ".gz" and reader is _parquet):
        suffixes = ", ".join(READERS)
        raise DataError(f"a table must end in one of {suffixes} (text also .gz), got {path}")
    if not path.is_file():
        raise DataError(f"a table must be a file, got none: {path}")
    try:
        return list(reader(path, wanted))
    except UnicodeDecodeError as error:
        bad = error.object[error.start : error.end]
        raise DataError(f"a table must be UTF-8, got the bytes {bad!r}: {path}") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"a table must be a readable file, got {error}: {path}") from error


def _open(path: Path) -> TextIO:
    # newline="" keeps the line ends inside quoted values; utf-8-sig drops Excel's byte order mark.
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _delimited(path: Path, wanted: list[str], delimiter: str) -> Iterator[Record]:
    with _open(path) as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            header = next(reader, [])
            _check_columns(header, wanted, f"{path}:1")
            for values in reader:
                place = f"{path}:{reader.line_num}"
                if values and len(values) != len(header):
                    raise DataError(
                        f"a row must have the header's {len(header)} columns, "
                        f"got {len(values)} at {place}"
                    )
                if values:
                    yield place, dict(zip(header, values, strict=True))
        except csv.Error as error:
            raise DataError(
                f"quotes must enclose a whole value, got: {error} at {path}:{reader.line_num}"
            ) from error


def _json_lines(path: Path, wanted: list[str]) -> Iterator[Record]:
    with _open(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                raise DataError(f"a line must be JSON, got {error} at {path}:{number}") from error
            if not isinstance(record, dict):
                raise DataError(
                    f"a line must be a JSON object, got {line.strip()[:40]!r} at {path}:{number}"
                )
            _check_columns(list(record), wanted, f"{path}:{number}")
            yield f"{path}:{number}", record


def _parquet(path: Path, wanted: list[str]) -> Iterator[Record]:
    try:
        # Arrow's types keep integers with missing values integers.
        frame = pd.read_parquet(path, engine="pyarrow", dtype_backend="pyarrow")
    except ValueError as error:  # pyarrow's own errors are ValueErrors
        raise DataError(f"a .parquet file must be Parquet, got: {error}: {path}") from error
    columns = [str(name) for name in frame.columns]
    _check_columns(columns, wanted, str(path))
    for number, values in enumerate(frame.itertuples(index=False, name=None), start=1):
        yield f"{path}:{number}", dict(zip(columns, values, strict=True))


READERS: dict[str, Callable[[Path, list[str]], Iterator[Record]]] = {
    ".csv": partial(_delimited, delimiter=","),
    ".tsv": partial(_delimited, delimiter="\t"),
    ".jsonl": _json_lines,
    ".parquet": _parquet,
}


def _check_columns(given: list[str], wanted: list[str], place: str) -> None:
    got = ", ".join(map(repr, given)) or "none"
    for name in wanted:
        if name not in given:
            close = get_close_matches(name, given, n=1, cutoff=0.5)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise DataError(f"the table must have the column {name!r}, got {got}{hint} at {place}")
        if given.count(name) > 1:
            raise DataError(f"the column {name!r} must exist once, got {got} at {place}")


def _text(value: Any, column: str, place: str) -> str:
    if value is None or value is pd.NA:
        return ""
    if not isinstance(value, str | int | float):
        raise DataError(
            f"a value must be text or a number, got {value!r} in column {column!r} at {place}"
        )
    return str(value).strip()


def _split_code(value: str, place: str) -> int:
    code = SPLIT_NAMES.get(value.lower())
    if code is None:
        names = ", ".join(SPLIT_NAMES)
        raise DataError(f"a split must be one of {names}, got {value!r} at {place}")
    return code

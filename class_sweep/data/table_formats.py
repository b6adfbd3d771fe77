"""The formats of a table: CSV, TSV, JSON Lines and Parquet, read row by row."""

import csv
import json
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from class_sweep.base.input_files import open_input
from class_sweep.base.limits import MAX_ROWS, MAX_TABLE_BYTES, MAX_TEXT
from class_sweep.base.text import shortened
from class_sweep.data.smiles import canonical
from class_sweep.data.text_file import COMPRESSED, format_suffix, open_lines
from class_sweep.errors import DataError

DELIMITERS = {",": ",", ";": ";", "|": "|", "tab": "\t"}
"""The names of the delimiters in a space, and the characters."""

csv.field_size_limit(MAX_TEXT)  # the default refuses a text over 128 KiB


@dataclass(frozen=True)
class SourceTable:
    """A file, and what is read from it.

    Attributes:
        path: The file.
        columns: The columns to read, in the order of the values of a record.
        optional: Further columns, whose value is None where the table has none of that name.
        smiles: The column of the SMILES, if one is read.
        delimiter: The delimiter of a CSV or TSV file; the suffix decides unless given.
    """

    path: Path
    columns: tuple[str, ...]
    optional: tuple[str, ...] = ()
    smiles: str | None = None
    delimiter: str | None = None


Record = tuple[str, list[Any]]
"""The `file:line`, and the values of the columns and of the optional columns."""
Records = Generator[Record, None, None]


def _delimited(table: SourceTable, usual_delimiter: str) -> Records:
    delimiter = table.delimiter or usual_delimiter
    with open_lines(table.path, "a table") as lines:
        kept = _KeptLines(lines)
        reader = csv.reader(kept, delimiter=delimiter, strict=True)
        first = 1
        try:
            header = next(reader, [])
            indices = _indices(table, header, f"{table.path}:1")
            kept.lines.clear()
            first = reader.line_num + 1
            for values in reader:
                last = reader.line_num
                if last > first:
                    swallowed = _Swallowed(table, header, delimiter)
                    swallowed.require_none(kept.lines, first)
                kept.lines.clear()
                if values:
                    place = f"{table.path}:{last}"
                    _require_width(values, header, place)
                    yield place, [None if i is None else values[i] for i in indices]
                first = last + 1
        except csv.Error as error:
            since = f" in the row that begins at line {first}" if first < reader.line_num else ""
            raise DataError(
                f"quotes must enclose a whole value, got: {error} at"
                f" {table.path}:{reader.line_num}{since}"
            ) from error


class _KeptLines:
    """An iterator of lines that keeps those of the current row."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._source = lines
        self.lines: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._source)
        self.lines.append(line)
        return line


@dataclass(frozen=True)
class _Swallowed:
    """The search for rows inside a quoted value, whose quote was probably never meant."""

    table: SourceTable
    header: list[str]
    delimiter: str

    def require_none(self, lines: Sequence[str], first: int) -> None:
        """Refuse a row of several lines if a line after its first is a row by itself."""
        for number, line in enumerate(lines[1:], start=first + 1):
            if self._is_row(line):
                raise DataError(
                    "a quoted value must not hold rows, got one that begins at"
                    f" {self.table.path}:{first} and holds the row at {self.table.path}:{number};"
                    " close its quote, or double a quote that belongs to a text"
                )

    def _is_row(self, line: str) -> bool:
        values = line.rstrip("\r\n").split(self.delimiter)
        if len(values) != len(self.header) or len(values) == 1:
            return False
        if self.delimiter == "\t":
            return True
        # Prose has commas as well, but a blank after each, and no SMILES before the first.
        if any(value.startswith(" ") for value in values):
            return False
        if self.table.smiles is None:
            return True
        smiles = values[self.header.index(self.table.smiles)]
        return canonical([smiles])[smiles] != ""


def _require_width(values: list[str], header: list[str], place: str) -> None:
    if len(values) != len(header):
        raise DataError(
            f"a row must have the header's {len(header)} columns, got {len(values)} at {place}"
        )


def _json_lines(table: SourceTable) -> Records:
    with open_lines(table.path, "a table") as lines:
        for place, line in _filled(lines, table.path):
            record = _json_object(place, line)
            _indices(table, list(record), place)
            yield place, [record.get(name) for name in (*table.columns, *table.optional)]


def _filled(lines: Iterator[str], path: Path) -> Iterator[tuple[str, str]]:
    """The lines that are not blank, each with its place."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield f"{path}:{number}", line


def _json_object(place: str, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line, object_pairs_hook=_unique_keys)
    except ValueError as error:
        raise DataError(f"a line must be JSON, got {error} at {place}") from error
    except RecursionError:
        raise DataError(f"a line must be nested less deeply, got {place}") from None
    if not isinstance(record, dict):
        raise DataError(f"a line must be a JSON object, got {shortened(record)} at {place}")
    return record


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {shortened(twice)} twice")
    return record


def _parquet(table: SourceTable) -> Records:
    import pyarrow as pa  # noqa: PLC0415 - it takes a fifth of a second
    from pyarrow import parquet  # noqa: PLC0415 - as above

    with _parquet_input(table.path) as file:
        source = parquet.ParquetFile(file)
        if source.metadata.num_rows > MAX_ROWS:
            raise DataError(
                f"a table must have at most {MAX_ROWS:,} rows,"
                f" got {source.metadata.num_rows:,}: {table.path}"
            )
        given = source.schema_arrow.names
        indices = _indices(table, given, str(table.path))
        read = [given[i] for i in indices if i is not None]
        number = 0
        # A repeated text is stored once, so that a small file cannot become a large batch.
        types = {name: source.schema_arrow.field(name).type for name in read}
        texts = [name for name, kind in types.items() if pa.types.is_string(kind)]
        source = parquet.ParquetFile(file, read_dictionary=texts)
        for batch in source.iter_batches(_BATCH, columns=read):
            columns = [None if i is None else batch.column(given[i]) for i in indices]
            for row in range(batch.num_rows):
                number += 1
                place = f"{table.path}:{number}"
                yield place, [_item(column, row, place) for column in columns]


@contextmanager
def _parquet_input(path: Path) -> Iterator[Any]:
    """The file of a table for pyarrow, whose errors become those of data."""
    import pyarrow as pa  # noqa: PLC0415 - it takes a fifth of a second

    try:
        with open_input(path, MAX_TABLE_BYTES) as file:
            yield pa.PythonFile(file, mode="r")
    except OSError as error:
        raise DataError(
            f"a table must be a readable file, got {path}: {error.strerror or error}"
        ) from error
    except (ValueError, pa.ArrowException) as error:  # most of pyarrow's own are ValueErrors
        raise DataError(f"a .parquet file must be Parquet, got: {error}: {path}") from error


_BATCH = 1024  # rows


def _item(column: Any, row: int, place: str) -> Any:
    if column is None:
        return None
    try:
        return column[row].as_py()
    except UnicodeDecodeError as error:
        bad = error.object[error.start]
        raise DataError(f"a table must be UTF-8, got the byte 0x{bad:02x} at {place}") from error


_USUAL = {".csv": ",", ".tsv": "\t"}
FORMATS: dict[str, Callable[[SourceTable], Records]] = {
    **{suffix: partial(_delimited, usual_delimiter=usual) for suffix, usual in _USUAL.items()},
    ".jsonl": _json_lines,
    ".parquet": _parquet,
}


def usual_delimiter(path: Path) -> str | None:
    """The delimiter that the suffix of a table stands for; None if it stands for none."""
    return _USUAL.get(format_suffix(path))


def column_names(path: Path, delimiter: str | None = None) -> list[str]:
    """The names of the columns of a table, in its order; of JSON Lines, those of its first objects.

    Args:
        path: The table.
        delimiter: The delimiter of a CSV or TSV file; the suffix decides unless given.

    Raises:
        DataError: If the file cannot be read, or its suffix is that of no table.
    """
    _require_format(path)
    if format_suffix(path) == ".parquet":
        from pyarrow import parquet  # noqa: PLC0415 - it takes a fifth of a second

        with _parquet_input(path) as file:
            return list(parquet.ParquetFile(file).schema_arrow.names)
    with open_lines(path, "a table") as lines:
        if usual := usual_delimiter(path):
            return next(csv.reader(lines, delimiter=delimiter or usual), [])
        records = [_json_object(*line) for line in islice(_filled(lines, path), _BATCH)]
    return list(dict.fromkeys(name for record in records for name in record))


def read_records(table: SourceTable) -> Records:
    """The records of a table, in its order; the suffix names the format.

    Raises:
        DataError: If the file cannot be read, a column is missing, or a row is malformed.
    """
    _require_format(table.path)
    return FORMATS[format_suffix(table.path)](table)


def _require_format(path: Path) -> None:
    suffix, compressed = format_suffix(path), path.suffix.lower() in COMPRESSED
    if suffix not in FORMATS or (suffix == ".parquet" and compressed):
        raise DataError(
            f"a table must end in one of {', '.join(FORMATS)}"
            f" (text also {', '.join(COMPRESSED)}), got {path}"
        )


def _indices(table: SourceTable, given: Sequence[str], place: str) -> list[int | None]:
    """The index of each column and optional column in the names that a table has."""
    for name in table.columns:
        if given.count(name) != 1:
            got = ", ".join(map(shortened, given)) or "none"
            if name in given:
                raise DataError(f"the column {name!r} must exist once, got {got} at {place}")
            raise DataError(
                f"the table must have the column {name!r}, got {got}{_hint(name, given)} at {place}"
            )
    wanted = (*table.columns, *table.optional)
    return [given.index(name) if name in given else None for name in wanted]


def _hint(name: str, given: Sequence[str]) -> str:
    if len(given) == 1:
        for delimiter, character in DELIMITERS.items():
            if character in given[0]:
                return (
                    f"; its columns seem to be separated by {delimiter!r}: set data.delimiter to"
                    " that, or save the table with the delimiter of its suffix"
                )
    alike = [other for other in given if other.strip().lower() == name.lower()]
    alike = alike or get_close_matches(name, given, n=1, cutoff=0.5)
    return f"; did you mean {alike[0]!r}?" if alike else ""

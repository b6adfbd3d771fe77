"""ChEBI-20 in MolT5's layout: three tab-separated files in a folder, without quoting."""

from pathlib import Path

from class_sweep.config.inputs import SPLITS, Chebi20Data
from class_sweep.data.source import Row, Source
from class_sweep.errors import DataError

HEADER = ("CID", "SMILES", "description")


def read_chebi20(settings: Chebi20Data) -> Source:
    """Read train.txt, validation.txt and test.txt.

    Args:
        settings: The folder.

    Returns:
        The rows, with their official splits; none of the three may be empty.

    Raises:
        DataError: If the folder or a file is missing, or a line is malformed.
    """
    if not settings.path.is_dir():
        raise DataError(
            f"a ChEBI-20 data set must be a folder with train.txt, validation.txt and test.txt, "
            f"got {settings.path}; `class-sweep data fetch` downloads it"
        )
    files = [settings.path / f"{name}.txt" for name in SPLITS]
    rows = [row for code, file in enumerate(files) for row in _read_file(file, code)]
    return Source(rows, splits=SPLITS)


def _read_file(file: Path, split: int) -> list[Row]:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DataError(
            f"a ChEBI-20 folder must have a readable {file.name}, got {error.strerror}: {file}"
        ) from error
    # splitlines() would also split at Unicode separators inside a description.
    lines = [line.removesuffix(b"\r") for line in content.removesuffix(b"\n").split(b"\n")]
    header = tuple(_fields(lines[0], f"{file}:1"))
    if header != HEADER:
        raise DataError(
            f"the header must be {' '.join(HEADER)!r}, tab-separated, "
            f"got {' '.join(header)[:80]!r} at {file}:1"
        )
    return [_row(line, f"{file}:{n}", split) for n, line in enumerate(lines[1:], start=2)]


def _row(line: bytes, place: str, split: int) -> Row:
    fields = _fields(line, place)
    if len(fields) != len(HEADER):
        raise DataError(
            f"a line must have {len(HEADER)} tab-separated columns, "
            f"got {len(fields)} in {line.decode()[:80]!r} at {place}"
        )
    identifier, smiles, text = (field.strip() for field in fields)
    # The published files double some backslashes, which mark cis and trans bonds.
    return Row(identifier, smiles.replace("\\\\", "\\"), text, place, split)


def _fields(line: bytes, place: str) -> list[str]:
    try:
        return line.decode().split("\t")
    except UnicodeDecodeError as error:
        bad = line[error.start : error.end]
        raise DataError(f"the file must be UTF-8, got the bytes {bad!r} at {place}") from error

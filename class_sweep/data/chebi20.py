"""ChEBI-20 in MolT5's layout: three tab-separated files in a folder, without quoting."""

from pathlib import Path

from class_sweep.base.text import shortened
from class_sweep.config.inputs import SPLITS, Chebi20Data
from class_sweep.data.source import Row, Source
from class_sweep.data.text_file import open_lines
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
    # Other line ends, and Unicode separators, are part of a description.
    with open_lines(file, f"the file {file.name} of a ChEBI-20 folder", newline="\n") as lines:
        header = next(lines, "").rstrip("\r\n").split("\t")
        if tuple(header) != HEADER:
            raise DataError(
                f"the header must be {' '.join(HEADER)!r}, tab-separated, "
                f"got {shortened(' '.join(header))} at {file}:1"
            )
        return [_row(line, f"{file}:{n}", split) for n, line in enumerate(lines, start=2)]


def _row(line: str, place: str, split: int) -> Row:
    fields = line.rstrip("\r\n").split("\t")
    if len(fields) != len(HEADER):
        raise DataError(
            f"a line must have {len(HEADER)} tab-separated columns, "
            f"got {len(fields)} in {shortened(line)} at {place}"
        )
    identifier, smiles, text = (field.strip() for field in fields)
    # The published files double some backslashes, which mark cis and trans bonds.
    return Row(identifier, smiles.replace("\\\\", "\\"), text, place, split)

"""The download of the public ChEBI-20 files: checked, and written completely or not at all."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from class_sweep.base.files import atomic_file
from class_sweep.data.download import Progress, download
from class_sweep.errors import DataError

BASE_URL = "https://raw.githubusercontent.com/blender-nlp/MolT5/main/ChEBI-20_data"
SUMS = "SHA256SUMS"  # in the folder, in the format of sha256sum


@dataclass(frozen=True)
class RemoteFile:
    """A file to download, and its expected content."""

    name: str
    sha256: str | None = None  # hex; None if none is published
    rows: int | None = None  # data rows, without the header


CHEBI20_FILES = (
    RemoteFile("train.txt", rows=26_407),
    RemoteFile(
        "validation.txt",
        sha256="f410b58e6825986577d01b4f0c14b59ed61c1343a15118ba584de4bbcea1508c",
        rows=3_301,
    ),
    RemoteFile("test.txt", rows=3_300),
)


def fetch_chebi20(
    to: Path,
    *,
    base_url: str = BASE_URL,
    files: Sequence[RemoteFile] = CHEBI20_FILES,
    progress: Progress | None = None,
) -> list[Path]:
    """Download the files into a folder for the data source `chebi20`.

    The checksum of every file is written to SHA256SUMS, and a later fetch checks the files against
    it. Existing files that pass are not downloaded again; an interrupted download is continued.

    Args:
        to: The folder; created if it is missing.
        base_url: The address of the files' folder.
        files: The files and their checks.
        progress: Called with the file, its bytes so far, and its total bytes if known.

    Returns:
        The paths of the files, in the order of `files`.

    Raises:
        DataError: If a file cannot be downloaded, is not the expected one, or cannot be written. An
            existing file is never overwritten.
    """
    try:
        to.mkdir(parents=True, exist_ok=True)
        return [_fetch(file, to, base_url.rstrip("/"), progress) for file in files]
    except OSError as error:
        raise DataError(f"the folder must be writable, got {error.strerror}: {to}") from error


def _fetch(file: RemoteFile, to: Path, base_url: str, progress: Progress | None) -> Path:
    target = to / file.name
    recorded = _read_sums(to)
    expected = file.sha256 or recorded.get(file.name)
    if target.exists():
        digest = _check(file, target, expected, "; move it away to download it")
    else:
        part = to / f"{file.name}.part"
        download(f"{base_url}/{file.name}", part, progress)
        try:
            digest = _check(file, part, expected, f", from {base_url}/{file.name}")
        except DataError:
            part.unlink()
            raise
        _sync(part)
        part.replace(target)
    if recorded.get(file.name) != digest:
        _write_sums(to, recorded | {file.name: digest})
    return target


def _check(file: RemoteFile, path: Path, expected: str | None, hint: str) -> str:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if expected is not None and digest != expected:
        raise DataError(f"{file.name} must have SHA-256 {expected}, got {digest}: {path}{hint}")
    rows = content.removesuffix(b"\n").count(b"\n")  # a line end less than lines
    if file.rows is not None and rows != file.rows:
        raise DataError(f"{file.name} must have {file.rows:,} rows, got {rows:,}: {path}{hint}")
    return digest


def _read_sums(folder: Path) -> dict[str, str]:
    path = folder / SUMS
    if not path.exists():
        return {}
    sums: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        digest, _, name = line.partition("  ")
        if not name:
            raise DataError(
                f"a line must be a SHA-256, two spaces and a file, got {line!r} at {path}:{number}"
            )
        sums[name] = digest
    return sums


def _write_sums(folder: Path, sums: dict[str, str]) -> None:
    lines = [f"{digest}  {name}\n" for name, digest in sorted(sums.items())]
    with atomic_file(folder / SUMS) as file:
        file.write("".join(lines).encode())


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())

"""An append-only log of lines. Each line is on the disk before the caller acts on it.

Each line ends with a checksum over its own text and the checksum of the line before it, so a line
that was altered, lost, added or moved is found by its number.
"""

import hashlib
import logging
import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from class_sweep.base.files import sync_folder
from class_sweep.base.input_files import read_input
from class_sweep.base.limits import MAX_RESULT_BYTES
from class_sweep.errors import ResultsError, StorageError

log = logging.getLogger(__name__)

_MARK = b', "check": "'
_DIGITS = 16  # of a checksum; it guards against accidents and edits, not against an attacker


class LineLog:
    """Appends lines to a file; a failure never damages an earlier line."""

    def __init__(self, path: Path, key: str | None) -> None:
        """Set the path; the first line opens or creates the file.

        Args:
            path: The file.
            key: The id of the sweep, which begins the chain of checksums; None for a log without
                checksums.
        """
        self.path = path
        self._key = key
        self._check = b""  # of the last line
        self._file: FileIO | None = None

    def append(self, line: str) -> None:
        """Append one line, a JSON object without its newline, and wait until it is on the disk.

        Raises:
            StorageError: If the line cannot be written; the earlier lines stay as they were.
        """
        content = line.encode()
        try:
            if self._file is None:
                self._check = self._last_check()
                self._file = self.path.open("ab", buffering=0)
                sync_folder(self.path.parent)
            if self._key is not None:
                check = _check_of(self._check, content)
                content = b'%b%b%b"}' % (content[:-1], _MARK, check)
            remaining = content + b"\n"
            while remaining:
                remaining = remaining[self._file.write(remaining) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            self.close()  # the next line then cuts the partial line first
            raise StorageError(
                f"a report must be written down: {self.path}: {error.strerror}"
            ) from error
        if self._key is not None:
            self._check = check

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _last_check(self) -> bytes:
        """The checksum that the next line continues; a partial last line is removed first."""
        check = _first_check(self.path, self._key)
        if not self.path.is_file():
            return check
        text = self.path.read_bytes()
        end = text.rfind(b"\n") + 1  # of the last complete line
        if end < len(text):  # a process was killed while it wrote
            log.warning("dropped a torn last line of %s", self.path)
            os.truncate(self.path, end)
        last = text[:end].rstrip(b"\n").rpartition(b"\n")[2]
        return _split(last)[1] if last else check


def whole_lines(path: Path, key: str | None) -> Iterator[tuple[int, bytes]]:
    """Yield each complete line with its number, from 1; a partial last line is logged.

    Args:
        path: The file; a missing file has no lines.
        key: As in `LineLog`.

    Raises:
        ResultsError: If the file cannot be read, or a line is not what was written there.
    """
    if not os.path.lexists(path):
        return
    try:
        *lines, partial = read_input(path, MAX_RESULT_BYTES).split(b"\n")
    except OSError as error:
        raise ResultsError(f"{path.name} must be readable: {path}: {error.strerror}") from None
    if partial:  # a write without its newline was interrupted, and no caller acted on the line
        log.warning("dropped a torn last line: %s:%d", path, len(lines) + 1)
    previous = _first_check(path, key)
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        content, check = _split(line)
        if key is None and check:
            raise ResultsError(
                f"the lines of {path} have checksums, so environment.json must hold the id of their"
                " sweep, and it holds none; restore environment.json from a copy"
            )
        if key is not None and check != _check_of(previous, content):
            raise ResultsError(
                f"a line must be as the sweep wrote it: {path}:{number}: its checksum does not fit;"
                " this line was altered or added, or lines before it were lost or moved; restore"
                " the file from a copy, or remove the lines from this one on and resume the sweep"
            )
        previous = check
        yield number, content


def _first_check(path: Path, key: str | None) -> bytes:
    """What the first line continues: its file and its sweep."""
    return f"{path.name} {key}".encode()


def _check_of(previous: bytes, content: bytes) -> bytes:
    return hashlib.sha256(previous + b"\n" + content).hexdigest()[:_DIGITS].encode()


def _split(line: bytes) -> tuple[bytes, bytes]:
    """The JSON object of a line without its checksum, and the checksum; empty without one."""
    content, mark, tail = line.rpartition(_MARK)
    if not mark or len(tail) != _DIGITS + 2 or not tail.endswith(b'"}'):
        return line, b""
    return content + b"}", tail[:_DIGITS]

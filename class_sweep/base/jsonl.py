"""An append-only log of lines. Each line is on the disk before the caller acts on it."""

import logging
import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from class_sweep.errors import StorageError

log = logging.getLogger(__name__)


class LineLog:
    """Appends lines to a file; a failure never damages an earlier line."""

    def __init__(self, path: Path) -> None:
        """Set the path; the first line opens or creates the file."""
        self.path = path
        self._file: FileIO | None = None

    def append(self, line: str) -> None:
        """Append one line, given without its newline, and wait until it is on the disk.

        Raises:
            StorageError: If the line cannot be written; the earlier lines stay as they were.
        """
        remaining = line.encode() + b"\n"
        try:
            if self._file is None:
                self._cut_torn_line()
                self._file = self.path.open("ab", buffering=0)
            while remaining:
                remaining = remaining[self._file.write(remaining) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            self.close()  # the next line then cuts the partial line first
            raise StorageError(
                f"a report must be written down: {self.path}: {error.strerror}"
            ) from error

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _cut_torn_line(self) -> None:
        """Remove the partial line of a killed process."""
        if not self.path.is_file():
            return
        text = self.path.read_bytes()
        end = text.rfind(b"\n") + 1  # of the last complete line
        if end < len(text):
            log.warning("dropped a torn last line of %s", self.path)
            os.truncate(self.path, end)


def whole_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield each complete line with its number, from 1; a partial last line is logged."""
    if not path.is_file():
        return
    *lines, partial = path.read_bytes().split(b"\n")
    if partial:  # a write without its newline was interrupted, and no caller acted on the line
        log.warning("dropped a torn last line: %s:%d", path, len(lines) + 1)
    for number, line in enumerate(lines, start=1):
        if line:
            yield number, line

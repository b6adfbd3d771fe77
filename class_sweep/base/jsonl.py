"""A log of lines that outlives any crash: each is on the disk before anyone acts on it."""

import logging
import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from class_sweep.errors import StorageError

log = logging.getLogger(__name__)


class LineLog:
    """Appends to a file; the lines before a failure stay as they were."""

    def __init__(self, path: Path) -> None:
        """Name the file; it is opened, or made, by the first line."""
        self.path = path
        self._file: FileIO | None = None

    def append(self, line: str) -> None:
        """Add one line, without its newline; when this returns, it is on the disk.

        Raises:
            StorageError: If it cannot be written; the lines before it are as they were.
        """
        left = line.encode() + b"\n"
        try:
            if self._file is None:
                self._cut_torn_line()
                self._file = self.path.open("ab", buffering=0)
            while left:
                left = left[self._file.write(left) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            self.close()  # so that the next line first cuts what is there of this one
            raise StorageError(
                f"a report must be written down: {self.path}: {error.strerror}"
            ) from error

    def close(self) -> None:
        """Let the file go; a later line opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _cut_torn_line(self) -> None:
        """Drop what a killed run left of a line, so that the next one starts on its own."""
        if not self.path.is_file():
            return
        text = self.path.read_bytes()
        whole = text.rfind(b"\n") + 1
        if whole < len(text):
            log.warning("dropped a torn last line of %s", self.path)
            os.truncate(self.path, whole)


def whole_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Each whole line with its number, from 1; a torn last one, of a killed run, is said."""
    if not path.is_file():
        return
    *lines, torn = path.read_bytes().split(b"\n")
    if torn:  # no newline after it: the write was cut short, and nobody acted on it
        log.warning("dropped a torn last line: %s:%d", path, len(lines) + 1)
    for number, line in enumerate(lines, start=1):
        if line:
            yield number, line

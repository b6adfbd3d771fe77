"""Files that are either whole or not there."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from class_sweep.errors import StorageError

# The system's own words, and SQLite's.
_DISK_FULL = (*map(os.strerror, (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)), "disk is full")


def is_disk_full(message: str) -> bool:
    """Whether an error that has passed through other hands was a disk without room."""
    return any(words in message for words in _DISK_FULL)


def write_atomic(path: Path, text: str) -> None:
    """Write a text file so that a reader, or a crash, never sees half of it.

    Raises:
        StorageError: If it cannot be written; what stood there before then still does.
    """
    try:
        with atomic_file(path) as file:
            file.write(text.encode())
    except OSError as error:
        raise StorageError(f"a file must be writable: {path}: {error.strerror}") from error


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Open a binary file that replaces `path` when the block ends without an error.

    Raises:
        OSError: If it cannot be written; a file that was at `path` is still there.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.chmod(0o644)  # mkstemp's 0600 would keep a colleague from reading results
        partial.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise

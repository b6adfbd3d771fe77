"""Durable writes: a file has its complete old or its complete new contents, also after a crash.

A rename survives a crash once the folder is flushed, and a new folder once its parent is.
"""

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from class_sweep.errors import StorageError


def write_atomic(path: Path, content: str | bytes, *, partial: Path | None = None) -> None:
    """Write a file as a whole.

    Args:
        path: The file.
        content: Its text or its bytes.
        partial: See `atomic_file`.

    Raises:
        StorageError: If the file cannot be written; an earlier file stays as it was.
    """
    try:
        with atomic_file(path, partial=partial) as file:
            file.write(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise StorageError(f"a file must be writable: {path}: {error.strerror}") from error


def partial_file(path: Path) -> Path:
    """The name of a file while its only writer writes it; see `atomic_file`."""
    return path.with_name(f".{path.name}.partial")


@contextlib.contextmanager
def atomic_file(path: Path, *, partial: Path | None = None) -> Iterator[BinaryIO]:
    """Open a new file that replaces `path` when the block ends; after an error it is removed.

    Args:
        path: The file.
        partial: The name of the new file until the block ends. A caller that is the only writer
            can fix it, so the next call overwrites the file of a killed process. By default a
            unique name.

    Raises:
        OSError: If the file cannot be written; an earlier file stays as it was.
    """
    if partial is None:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        partial, file = Path(name), os.fdopen(handle, "wb")
        partial.chmod(0o644)  # mkstemp's 0600 would lock out other readers of the results
    else:
        partial.unlink(missing_ok=True)  # also a link, which a folder from elsewhere may hold
        file = partial.open("xb")
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        replace_durably(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def replace_durably(partial: Path, path: Path) -> None:
    """Rename a file or folder, and wait until the new name is on the disk.

    Raises:
        OSError: If it cannot be renamed.
    """
    partial.replace(path)
    sync_folder(path.parent)


def make_folder(path: Path) -> None:
    """Create a folder and its parents, and wait until they are on the disk.

    Raises:
        OSError: If one cannot be created.
    """
    new = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in new:
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk.

    Raises:
        OSError: If the disk fails.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.EOPNOTSUPP}:  # a mount without such a flush
            raise
    finally:
        os.close(handle)

"""Resolve a command's arguments to a results folder or a storage."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from class_sweep.storage.remote import Storage, StoredFile


def path_argument(text: str) -> Path:
    """A path of the command line, which may be written as a file URI.

    Raises:
        InputError: If it is a URI of another kind.
    """
    from class_sweep.storage.connection import local_path

    return local_path(text)


def require_writable(option: str, file: Path | None) -> None:
    """Check, before any work, that an output file can be written; its folder need not exist.

    Raises:
        ResultsError: If the file is a folder, or its folder cannot be made or written to.
    """
    from class_sweep.errors import ResultsError

    if file is None:
        return
    file = file.absolute()
    above = next(folder for folder in file.parents if os.path.lexists(folder))
    if not above.is_dir():
        raise ResultsError(f"{option} must be a file below a folder, got {file}: {above} is none")
    if file.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise ResultsError(f"{option} must be a file that can be written, got {file}")


def write_output(file: Path, text: str) -> None:
    """Write a file that the user named, and the folders above it.

    Raises:
        StorageError: If it cannot be written.
    """
    from class_sweep.base.files import write_atomic
    from class_sweep.errors import StorageError

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"a file must be writable: {file}: {error.strerror}") from error
    write_atomic(file, text)


class OpenResults:
    """A results folder for reading, or a temporary copy of a sweep in a storage.

    Attributes:
        path: The folder.
    """

    def __init__(self, path: Path, storage: "Storage | None") -> None:
        self.path = path
        self._storage = storage
        self._copied: Mapping[str, StoredFile] = {}
        self.update()

    @property
    def is_copy(self) -> bool:
        """Whether the folder is removed at the end of the command."""
        return self._storage is not None

    def update(self) -> None:
        """Download the files that have changed in the storage.

        Raises:
            ResultsError: If the storage has no sweep.
            StorageError: If the storage fails.
        """
        from class_sweep.results.download import download

        if self._storage:
            self._copied = download(self._storage, self.path, self._copied)


@contextmanager
def open_results(results: str) -> Iterator[OpenResults]:
    """Open a results folder, or a sweep in a storage, for reading."""
    from class_sweep.results.download import storage_argument
    from class_sweep.storage.connection import local_path

    storage = storage_argument(results)
    if storage is None:
        yield OpenResults(local_path(results), None)
        return
    with tempfile.TemporaryDirectory(prefix="class-sweep-") as folder:
        yield OpenResults(Path(folder) / storage.name, storage)

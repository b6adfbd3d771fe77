"""From what a command is given to a results folder, wherever the sweep is."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from class_sweep.storage.remote import Storage, StoredFile


def new_storage(given: str | None, folder: Path) -> "Storage | None":
    """Where a new sweep's copy goes: below the storage that was given, by its folder's name."""
    from class_sweep.errors import InputError
    from class_sweep.storage.connection import is_remote
    from class_sweep.storage.remote import Storage

    if given is None:
        return None
    storage = Storage.parse(given)
    if not is_remote(storage.address) and not Path(storage.address).is_dir():
        # Made here, it would be on this machine alone where a file system is not mounted.
        raise InputError(f"a storage that is a path must be a folder that is there: {storage}")
    return storage / folder.resolve().name


def folder_to_go_on(results: str, out: Path | None) -> "tuple[Path, Storage | None]":
    """The results folder to go on with, fetched from a storage where one was named; and that."""
    from class_sweep.errors import InputError
    from class_sweep.results.download import download_to_resume, storage_argument

    storage = storage_argument(results)
    if storage is None:
        if out:
            raise InputError(f"--out is for a sweep from a storage, got the folder {results}")
        return Path(results), None
    folder = out or Path("results") / storage.name
    download_to_resume(storage, folder)
    return folder, storage


class Look:
    """A results folder to read; of a storage it is a copy, brought up to date when asked."""

    def __init__(self, path: Path, storage: "Storage | None") -> None:
        """Name the folder, and where its files come from."""
        self.path = path
        self._storage = storage
        self._known: Mapping[str, StoredFile] = {}
        self.again()

    @property
    def is_copy(self) -> bool:
        """Whether the folder goes when the command is done."""
        return self._storage is not None

    def again(self) -> None:
        """See what changed.

        Raises:
            ResultsError: If the storage has no sweep.
            StorageError: If it fails.
        """
        from class_sweep.results.download import download

        if self._storage:
            self._known = download(self._storage, self.path, self._known)


@contextmanager
def looking_at(results: str) -> Iterator[Look]:
    """A results folder for as long as a command reads it."""
    from class_sweep.results.download import storage_argument

    storage = storage_argument(results)
    if storage is None:
        yield Look(Path(results), None)
        return
    with tempfile.TemporaryDirectory(prefix="class-sweep-") as folder:
        yield Look(Path(folder) / storage.name, storage)

"""Where a sweep is: its results folder, and the storage that keeps a copy."""

from pathlib import Path

from class_sweep.errors import InputError
from class_sweep.results.download import download_to_resume, storage_argument
from class_sweep.storage.connection import is_remote, local_path
from class_sweep.storage.remote import Storage


def new_storage(uri: str | None, folder: Path) -> Storage | None:
    """The storage for the copy of a new sweep: below `uri`, under the name of its folder.

    Raises:
        InputError: If the URI is a path that is no folder.
    """
    if uri is None:
        return None
    storage = Storage.parse(uri)
    if not is_remote(storage.address) and not Path(storage.address).is_dir():
        # If a shared file system is not mounted, a new folder would be on this machine alone.
        raise InputError(
            f"a storage that is a path must be an existing folder, got {storage}; create it or"
            " mount its file system"
        )
    return storage / folder.resolve().name


def folder_to_continue(
    results: str, out: Path | None, uri: str | None = None
) -> tuple[Path, Storage | None]:
    """The results folder to continue, and the storage that the user names.

    A sweep in a storage is downloaded to `out` first.

    Args:
        results: A results folder, or the storage of a sweep.
        out: The folder for a sweep from a storage.
        uri: The parent of the folder's storage, as for `new_storage`; it goes before `results`.

    Raises:
        InputError: If `out` is given without a storage.
    """
    storage = storage_argument(results)
    if storage is None:
        if out:
            raise InputError(f"--out is for a sweep from a storage, got the folder {results}")
        folder = local_path(results)
        return folder, new_storage(uri, folder)
    folder = out or Path("results") / storage.name
    download_to_resume(storage, folder)
    return folder, new_storage(uri, folder) or storage

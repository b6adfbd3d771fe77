"""From a storage back to a folder: to look at a sweep, or to go on with it on another machine."""

import logging
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from class_sweep.errors import ResultsError
from class_sweep.results.folder import CHECKPOINTS, ResultsFolder
from class_sweep.results.upload import Kind
from class_sweep.storage.connection import is_remote
from class_sweep.storage.lease import LEASE
from class_sweep.storage.remote import Storage, Stored

log = logging.getLogger(__name__)

_LOGS = ("trials.jsonl", "confirm.jsonl", "test.jsonl")


def storage_named(text: str) -> Storage | None:
    """The storage that an argument names; None for a results folder.

    On a shared path the copy of a sweep looks like a results folder; it names itself as storage.

    Raises:
        InputError: If it names no kind of storage that there is.
    """
    if is_remote(text):
        return Storage.parse(text)
    storage = ResultsFolder(Path(text)).read_storage()
    return storage if storage == Storage.parse(text) else None


def fetch(
    storage: Storage,
    to: Path,
    known: Mapping[str, Stored] = MappingProxyType({}),
    *,
    to_go_on: bool = False,
) -> Mapping[str, Stored]:
    """Copy a sweep from a storage, as far as it changed there; what there is of it now.

    Of a storage that is written to, files that speak of others are read before these; of one that
    is not, after them: cut at any moment, the folder is one to go on with.

    Args:
        storage: Of the sweep.
        to: The folder; it is made if need be.
        known: What an earlier call returned.
        to_go_on: Whether to go on with it, under its lease, and not to look at it.

    Raises:
        ResultsError: If the storage has no sweep.
        StorageError: If it fails.
    """
    there = {
        name: stored
        for name, stored in storage.files().items()
        if not name.startswith(f"{CHECKPOINTS}/")
        and not any(part.startswith(".") for part in name.split("/"))  # nor .., out of the folder
        and not (to_go_on and name == LEASE)
    }
    if "space.yaml" not in there:
        raise _no_sweep(storage)
    for name in sorted(there, key=lambda name: Kind.of(name).value, reverse=not to_go_on):
        if known.get(name) != there[name]:
            _fetch_file(storage, name, there[name], to)
    for name in known.keys() - there.keys():
        (to / name).unlink(missing_ok=True)
    return there


def _no_sweep(storage: Storage) -> ResultsError:
    return ResultsError(f"a storage must hold the sweep that it is named for: {storage}")


def _fetch_file(storage: Storage, name: str, stored: Stored, to: Path) -> None:
    path = to / name
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            storage.fetch(name, file)
    except FileNotFoundError:  # gone since it was listed, as a lease is
        Path(partial).unlink()
        return
    except BaseException:
        Path(partial).unlink()
        raise
    os.utime(partial, (stored.mtime, stored.mtime))  # by which a lease is still good, or is not
    Path(partial).chmod(0o644)
    Path(partial).replace(path)


def bring_here(storage: Storage, to: Path) -> None:
    """Make a results folder of a storage's sweep, to go on with it here.

    Raises:
        ResultsError: If the storage has no sweep, something else stands at `to`, or nothing can.
        StorageError: If the storage fails.
    """
    if to.exists():
        if ResultsFolder(to).read_storage() == storage:
            return  # this machine has run it before; `catch_up` sees who is further
        raise ResultsError(
            f"a results folder must be new, or that of {storage}: {to} exists; name another with"
            " --out"
        )
    if storage.stat("space.yaml") is None:
        raise _no_sweep(storage)
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        begun = Path(tempfile.mkdtemp(dir=to.parent, prefix=f".{to.name}-"))
    except OSError as error:
        raise ResultsError(f"a results folder must be writable: {to}: {error}") from None
    try:
        fetch(storage, begun, to_go_on=True)
    except BaseException:
        shutil.rmtree(begun)
        raise
    begun.chmod(0o755)
    begun.rename(to)


def catch_up(folder: ResultsFolder, storage: Storage) -> bool:
    """Take over what a storage has more of a sweep than its folder, as from another machine.

    The caller has the lock of the one and the lease of the other.

    Returns:
        Whether it had more.

    Raises:
        ResultsError: If each has reports that the other lacks.
        StorageError: If the storage fails.
    """
    logs = [(_lines(folder.path / name), _lines_there(storage, name)) for name in _LOGS]
    if all(here.startswith(there) for here, there in logs):
        return False
    if not all(there.startswith(here) for here, there in logs):
        raise ResultsError(
            "a results folder and its storage must be of one run of a sweep, got reports in each"
            f" that the other lacks: {folder.path} and {storage}; go on from the storage alone with"
            " another --out"
        )
    log.warning("%s has more of this sweep than %s, which now has it too", storage, folder.path)
    fetch(storage, folder.path, to_go_on=True)
    return True


def _lines(path: Path) -> bytes:
    content = path.read_bytes() if path.is_file() else b""
    return content[: content.rfind(b"\n") + 1]


def _lines_there(storage: Storage, name: str) -> bytes:
    try:
        return storage.get(name)
    except FileNotFoundError:
        return b""

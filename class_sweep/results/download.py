"""The download of a sweep from its storage, to read it or to resume it on another machine."""

import logging
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from class_sweep.base.files import make_folder, replace_durably
from class_sweep.errors import ResultsError
from class_sweep.results.environment import Environment
from class_sweep.results.file_names import CHECKPOINTS, CONFIRM, ENVIRONMENT, SPACE, TEST, TRIALS
from class_sweep.results.folder import ResultsFolder
from class_sweep.results.json_files import json_line
from class_sweep.results.upload import FileKind
from class_sweep.storage.connection import is_remote, local_path
from class_sweep.storage.lease import LEASE
from class_sweep.storage.remote import Storage, StoredFile

log = logging.getLogger(__name__)

_LOGS = (TRIALS, CONFIRM, TEST)


def storage_argument(text: str) -> Storage | None:
    """The storage that a RESULTS argument names; None for a results folder.

    The copy of a sweep on a shared path looks like a results folder; it names itself as storage.

    Raises:
        InputError: If the kind of storage is unknown.
    """
    if is_remote(text):
        return Storage.parse(text)
    storage = ResultsFolder(local_path(text)).read_storage()
    return storage if storage == Storage.parse(text) else None


def download(
    storage: Storage,
    to: Path,
    previous: Mapping[str, StoredFile] = MappingProxyType({}),
    *,
    to_resume: bool = False,
) -> Mapping[str, StoredFile]:
    """Copy the files of a sweep from its storage that changed since an earlier download.

    While another driver uploads, a file is read before the files that it depends on. Under our own
    lease, it is read after them. The folder can be resumed even if the download is interrupted.

    Args:
        storage: The storage of the sweep.
        to: The folder; created if it does not exist.
        previous: The return value of an earlier call.
        to_resume: Whether the sweep is to be resumed, under its lease, and not only read.

    Returns:
        The files that the storage has now, by name.

    Raises:
        ResultsError: If the storage holds no sweep.
        StorageError: If the storage fails.
    """
    stored = {
        name: file
        for name, file in storage.files().items()
        if not name.startswith(f"{CHECKPOINTS}/")
        and all(part and not part.startswith(".") for part in name.split("/"))  # none leads out
        and not (to_resume and name == LEASE)
    }
    if SPACE not in stored:
        raise _no_sweep(storage)
    for name in sorted(stored, key=lambda name: FileKind.of(name).value, reverse=not to_resume):
        if previous.get(name) != stored[name]:
            _download_file(storage, name, stored[name], to)
    for name in previous.keys() - stored.keys():
        (to / name).unlink(missing_ok=True)
    return stored


def _no_sweep(storage: Storage) -> ResultsError:
    return ResultsError(f"a storage must hold a sweep, got none at {storage}")


def _download_file(storage: Storage, name: str, stored: StoredFile, to: Path) -> None:
    path = to / name
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            storage.fetch(name, file)
    except FileNotFoundError:  # a file, for example a lease, was removed after it was listed
        Path(partial).unlink()
        return
    except BaseException:
        Path(partial).unlink()
        raise
    os.utime(partial, (stored.mtime, stored.mtime))  # a lease is valid by its time
    Path(partial).chmod(0o644)
    replace_durably(Path(partial), path)


def download_to_resume(storage: Storage, to: Path) -> None:
    """Make a results folder from the sweep in a storage, to resume it on this machine.

    Raises:
        ResultsError: If the storage holds no sweep, or the folder exists or cannot be written.
        StorageError: If the storage fails.
    """
    if to.exists():
        if ResultsFolder(to).read_storage() == storage:
            return  # this machine has run the sweep before; `merge_remote` compares the logs
        raise ResultsError(
            f"a results folder must be new or have its copy in {storage}: {to} exists; name another"
            " with --out"
        )
    if storage.stat(SPACE) is None:
        raise _no_sweep(storage)
    try:
        make_folder(to.parent)
        partial = Path(tempfile.mkdtemp(dir=to.parent, prefix=f".{to.name}-"))
    except OSError as error:
        raise ResultsError(f"a results folder must be writable: {to}: {error}") from None
    try:
        download(storage, partial, to_resume=True)
    except BaseException:
        shutil.rmtree(partial)
        raise
    partial.chmod(0o755)
    replace_durably(partial, to)


def stored_sweep_id(storage: Storage) -> str | None:
    """The id of the sweep that a storage holds; None if it holds none, or one of version 0.2.

    Raises:
        StorageError: If the storage does not answer.
    """
    try:
        text = replace(storage, hurried=True).get(ENVIRONMENT)
        return Environment.model_validate_json(text).sweep_id
    except (FileNotFoundError, ValidationError):
        return None


def merge_remote(folder: ResultsFolder, storage: Storage) -> bool:
    """Download the reports that only the storage has, for example from a run on another machine.

    The caller holds the lock of the folder and the lease of the storage.

    Returns:
        Whether the storage had such reports.

    Raises:
        ResultsError: If the folder and the storage each have reports that the other lacks.
        StorageError: If the storage fails.
    """
    logs = [(_whole_lines(folder.path / name), _stored(storage, name)) for name in _LOGS]
    here = folder.environment.read_bytes() if folder.environment.is_file() else b""
    logs.append((_extensions(here), _extensions(_stored(storage, ENVIRONMENT))))
    if all(local.startswith(remote) for local, remote in logs):
        return False
    if not all(remote.startswith(local) for local, remote in logs):
        raise ResultsError(
            "a results folder and its storage must be of one run of a sweep, got reports in each"
            f" that the other lacks: {folder.path} and {storage}; continue from the storage alone"
            " with another --out"
        )
    log.warning(
        "%s had reports or an extension that %s lacked; they are downloaded now",
        storage,
        folder.path,
    )
    download(storage, folder.path, to_resume=True)
    return True


def _whole_lines(path: Path) -> bytes:
    content = path.read_bytes() if path.is_file() else b""
    return content[: content.rfind(b"\n") + 1]


def _extensions(environment: bytes) -> bytes:
    """The extensions of a sweep, a line each; none of an environment that is missing or damaged."""
    try:
        extensions = Environment.model_validate_json(environment).extensions
    except ValidationError:
        return b""
    return b"".join(json_line(extension).encode() + b"\n" for extension in extensions)


def _stored(storage: Storage, name: str) -> bytes:
    try:
        return storage.get(name)
    except FileNotFoundError:
        return b""

"""The output of a sweep while it runs: its results folder, the remote copy, the checkpoints."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from class_sweep.base.locks import require_lockable
from class_sweep.errors import InputError, ResultsError, StorageError, command_line
from class_sweep.execution.checkpoint_manager import (
    CheckpointManager,
    LocalCheckpointManager,
    RemoteCheckpointManager,
)
from class_sweep.results.callback import Callback
from class_sweep.results.download import merge_remote, stored_sweep_id
from class_sweep.results.file_names import SPACE
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.mirror import Mirror
from class_sweep.storage.lease import LEASE
from class_sweep.storage.remote import Storage


@contextmanager
def open_new(
    path: Path, storage: Storage | None, callback: Callback
) -> Iterator[CheckpointManager]:
    """Open the output of a new sweep; the caller creates its results folder within the block.

    Args:
        path: The results folder.
        storage: The storage for a copy, or None.
        callback: Is notified after the last upload.

    Raises:
        InputError: If the storage cannot be used.
        ResultsError: If the storage already holds a sweep, or another driver writes to it.
    """
    if storage is None:
        yield LocalCheckpointManager(ResultsFolder(path))
        return
    with Mirror(path, storage) as mirror:
        if storage.stat(SPACE):
            raise ResultsError(
                f"the storage of a new sweep must hold no sweep: {storage} holds one; name another"
                f" with --out or --storage, or resume it with: {command_line('resume', storage)}"
            )
        _require_no_files(storage)
        mirror.begin()
        yield RemoteCheckpointManager(mirror)
        callback.on_stage("storage")


@contextmanager
def reopen(
    path: Path, storage: Storage | None, callback: Callback
) -> Iterator[tuple[ResultsWriter, CheckpointManager]]:
    """Open the results folder of an earlier run again, and the storage with its copy.

    Args:
        path: The results folder.
        storage: Replaces the storage that the folder names; None keeps it.
        callback: Is notified after the last upload.

    Raises:
        InputError: If there is no sweep, a link leads out of the folder, another process runs the
            sweep, or its storage cannot be used or holds another sweep.
    """
    folder = ResultsFolder.existing(path)
    require_lockable(path)
    folder.require_no_outward_links()
    storage = _known_storage(folder, storage)
    if storage is None:
        with ResultsWriter(folder) as writer:
            yield writer, LocalCheckpointManager(folder)
        return
    with _open_mirror(folder, storage) as mirror, ResultsWriter(folder) as writer:
        merge_remote(folder, storage)
        writer.remember(storage)
        mirror.begin()
        yield writer, RemoteCheckpointManager(mirror)
        callback.on_stage("storage")


def _require_no_files(storage: Storage) -> None:
    """Refuse a storage with files that no sweep has written, which an upload could replace.

    Raises:
        ResultsError: If it holds a file; the lease is our own.
    """
    if held := storage.files().keys() - {LEASE}:
        raise ResultsError(
            f"a new storage of a sweep must be empty: {storage} holds {min(held)}; name another"
            " with --out or --storage"
        )


def _known_storage(folder: ResultsFolder, named: Storage | None) -> Storage | None:
    """The storage to use: the one that the user named, or that of the folder if it is its own.

    Whoever wrote `storage.json` may be somebody else, and a storage is written to and deleted from.
    A storage is the folder's own if it holds the same sweep.

    Args:
        folder: The results folder.
        named: The storage of the command line, or None.

    Raises:
        InputError: If the storage holds another sweep, or was not named and holds none.
    """
    storage = named or folder.read_storage()
    if storage is None:
        return None
    try:
        stored, own = stored_sweep_id(storage), folder.sweep_id()
        if named and stored is None and storage.stat(SPACE) is None:
            _require_no_files(storage)
    except StorageError as error:
        raise _unusable(folder, str(error)) from None
    if named and own and stored not in {own, None}:
        raise ResultsError(
            f"a storage must hold no other sweep: {storage} does not hold the sweep of"
            f" {folder.path}; name another with --storage"
        )
    if not named and (own is None or stored != own):
        raise _unusable(
            folder, f"{folder.storage} must name a storage that holds this sweep, got {storage}"
        )
    return storage


def _unusable(folder: ResultsFolder, reason: str) -> InputError:
    return InputError(
        f"{reason}; to name a storage:"
        f" {command_line('resume', folder.path, '--storage', 'URI')}; to use none: remove"
        f" {folder.storage}"
    )


def _open_mirror(folder: ResultsFolder, storage: Storage) -> Mirror:
    try:
        return Mirror(folder.path, storage)
    except ResultsError:  # another driver writes to it
        raise
    except InputError as error:
        raise _unusable(folder, str(error)) from None

"""The output of a sweep while it runs: its results folder, the remote copy, the checkpoints."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from class_sweep.base.locks import require_lockable
from class_sweep.errors import InputError, ResultsError
from class_sweep.execution.checkpoint_manager import (
    CheckpointManager,
    LocalCheckpointManager,
    RemoteCheckpointManager,
)
from class_sweep.results.callback import Callback
from class_sweep.results.download import merge_remote
from class_sweep.results.file_names import SPACE
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.mirror import Mirror
from class_sweep.storage.remote import Storage
from class_sweep.tuning.study_storage import reopen_trials


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
                f" with --out or --storage, or resume it with: class-sweep resume '{storage}'"
            )
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
        InputError: If there is no sweep, another process runs it, or its storage cannot be used.
    """
    folder = ResultsFolder.existing(path)
    require_lockable(path)
    storage = storage or folder.read_storage()
    if storage is None:
        with ResultsWriter(folder) as writer:
            yield writer, LocalCheckpointManager(folder)
        return
    with _open_mirror(folder, storage) as mirror, ResultsWriter(folder) as writer:
        merge_remote(folder, storage)
        if folder.study.exists():
            reopen_trials(folder.study, {r.trial for r in folder.records() if r.ended})
        writer.remember(storage)
        mirror.begin()
        yield writer, RemoteCheckpointManager(mirror)
        callback.on_stage("storage")


def _open_mirror(folder: ResultsFolder, storage: Storage) -> Mirror:
    try:
        return Mirror(folder.path, storage)
    except ResultsError:  # another driver writes to it
        raise
    except InputError as error:
        raise InputError(
            f"{error}; to use another storage: class-sweep resume {folder.path} --storage URI; to"
            f" use none: remove {folder.storage}"
        ) from None

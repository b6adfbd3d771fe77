"""What a sweep writes and where its copy is, for as long as it runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from class_sweep.errors import InputError, ResultsError
from class_sweep.execution.tune.checkpointing import FolderKeeper, Keeper, StorageKeeper
from class_sweep.results.callback import Callback
from class_sweep.results.download import catch_up
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.mirror import Mirror
from class_sweep.storage.remote import Storage
from class_sweep.tuning.study import open_again


@contextmanager
def for_a_new_one(path: Path, storage: Storage | None, callback: Callback) -> Iterator[Keeper]:
    """Keep checkpoints, and a copy in a storage if there is one, of a sweep that is to begin.

    Raises:
        InputError: If the storage cannot be used.
        ResultsError: If it has a sweep of that name, or another driver is at it.
    """
    if storage is None:
        yield FolderKeeper(ResultsFolder(path))
        return
    with Mirror(path, storage) as mirror:
        if storage.stat("space.yaml"):
            raise ResultsError(
                f"a sweep's storage must be new: {storage} has one; name another with --out or"
                f" --storage, or go on with: class-sweep resume '{storage}'"
            )
        mirror.begin()
        yield StorageKeeper(mirror)
        callback.on_stage("storage")


@contextmanager
def taken_up(
    path: Path, storage: Storage | None, callback: Callback
) -> Iterator[tuple[ResultsWriter, Keeper]]:
    """Take up a results folder, and the storage that has its copy.

    Args:
        path: The folder.
        storage: Instead of the one that the folder remembers.
        callback: Receives the stage of the last upload.

    Raises:
        InputError: If there is no sweep, another process is at it, or its storage cannot be used.
    """
    folder = ResultsFolder.existing(path)
    storage = storage or folder.read_storage()
    if storage is None:
        with ResultsWriter(folder) as writer:
            yield writer, FolderKeeper(folder)
        return
    with _mirror(folder, storage) as mirror, ResultsWriter(folder) as writer:
        catch_up(folder, storage)
        if folder.study.exists():
            open_again(folder.study, {r.trial for r in folder.records() if r.ended})
        writer.remember(storage)
        mirror.begin()
        yield writer, StorageKeeper(mirror)
        callback.on_stage("storage")


def _mirror(folder: ResultsFolder, storage: Storage) -> Mirror:
    try:
        return Mirror(folder.path, storage)
    except ResultsError:  # another driver is at it
        raise
    except InputError as error:
        raise InputError(
            f"{error}; the sweep goes on with another by class-sweep resume {folder.path}"
            f" --storage URI, and with none once {folder.storage} is removed"
        ) from None

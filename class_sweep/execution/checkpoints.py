"""Stores of checkpoints of trials and confirmation runs: a local folder, or remote storage.

A local store keeps the last two checkpoints of a name, a remote one the last. The name of a
checkpoint contains the identity of its settings, so a run never resumes from others.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Protocol

from class_sweep.base.faults import faults_as_errors
from class_sweep.errors import StorageError, TrainingError
from class_sweep.results.file_names import CHECKPOINTS
from class_sweep.storage.remote import Storage
from class_sweep.training.loop import Trainer

Write = Callable[[Path | IO[bytes]], None]

_QUEUE_LENGTH = 8  # checkpoints that a worker has yet to upload, most of them of paused trials
_MAX_RETRY_SECONDS = 30.0  # between two attempts while the storage fails


def checkpoint_name(trial: int, identity: str) -> str:
    """The file name of a trial's checkpoint."""
    return f"trial-{trial:04d}-{identity}.pt"


def checkpoint_files(path: Path) -> tuple[Path, Path]:
    """The files of a trial's last checkpoint and of the one before it."""
    return path, path.with_suffix(".older.pt")


def run_checkpoint_name(identity: str) -> str:
    """The file name of the checkpoint of a run of a confirmation."""
    return f"run-{identity}.pt"


def restored(
    make: Callable[[], Trainer], store: "CheckpointStore", name: str, most: int | None = None
) -> Trainer:
    """A trainer that continues from the newest checkpoint of a name, or a new one.

    A damaged checkpoint is passed over: an older one gives the same numbers.

    Args:
        make: Makes a new trainer.
        store: The checkpoints.
        name: The name of the checkpoint.
        most: The last step from which it may continue; None for any.
    """
    with store.open(name) as states:
        for state in states:
            trainer = make()
            try:
                trainer.restore(state)
            except TrainingError:
                continue
            if most is None or trainer.step <= most:
                return trainer
    return make()


class CheckpointStore(Protocol):
    """The checkpoints of a sweep, as a trial's worker reads and writes them.

    Attributes:
        error: Why the last checkpoint could not be uploaded, or None.
    """

    error: str | None

    def save(self, name: str, write: Write) -> None:
        """Save a checkpoint and replace the older one of that name; `write` writes the file."""

    def open(self, name: str) -> AbstractContextManager[Sequence[Path | IO[bytes]]]:
        """The checkpoints of a name, newest first; empty if there is none."""

    def discard(self, name: str) -> None:
        """Do not upload the checkpoint of a trial that has ended."""

    def flush(self, seconds: float) -> None:
        """Wait until every checkpoint is uploaded, for some seconds at most."""


class LocalCheckpointStore:
    """Checkpoints in a folder, written before a trial continues."""

    error: str | None = None  # a failing disk fails the trial or ends the sweep instead

    def __init__(self, folder: Path) -> None:
        """Take the absolute path of a folder that need not exist yet."""
        self._folder = folder

    def save(self, name: str, write: Write) -> None:
        """Save a checkpoint and keep the older one of that name beside it.

        Raises:
            StorageError: If the disk refuses it; the older checkpoint is still there.
        """
        with faults_as_errors("a checkpoint must be written to the disk"):
            self._folder.mkdir(exist_ok=True)  # no parent: a results folder that is gone stays so
            newest, older = checkpoint_files(self._folder / name)
            if newest.is_file():
                newest.replace(older)
            write(newest)

    @contextmanager
    def open(self, name: str) -> Iterator[Sequence[Path]]:
        """The checkpoints of a name, newest first; empty if there is none."""
        yield [path for path in checkpoint_files(self._folder / name) if path.is_file()]

    def discard(self, name: str) -> None:
        """Do nothing: the driver removes the file."""

    def flush(self, seconds: float) -> None:
        """Do nothing: every checkpoint is on the disk."""


class RemoteCheckpointStore:
    """Checkpoints in a storage, uploaded while the trial continues.

    A missing checkpoint only costs the training since an older one, because all reports are in the
    log. A slow or failing storage therefore delays no trial.
    """

    def __init__(self, storage: Storage) -> None:
        """Take the storage of the sweep."""
        self.error: str | None = None
        self._storage = storage
        self._changed = threading.Condition()
        self._queue: dict[str, IO[bytes]] = {}
        self._uploading: str | None = None
        self._thread: threading.Thread | None = None

    def __reduce__(self) -> tuple[type["RemoteCheckpointStore"], tuple[Storage]]:
        return type(self), (self._storage,)

    def save(self, name: str, write: Write) -> None:
        """Queue a checkpoint for upload, in place of an older one of that name.

        Raises:
            StorageError: If the local disk has no room for the temporary file.
        """
        with faults_as_errors("a checkpoint must be written to a temporary file"):
            content = tempfile.TemporaryFile()  # noqa: SIM115 - closed after the upload
            write(content)
            content.seek(0)
        with self._changed:
            self._enqueue(name, content)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._upload, name="checkpoints", daemon=True
                )
                self._thread.start()
            self._changed.notify_all()

    @contextmanager
    def open(self, name: str) -> Iterator[Sequence[IO[bytes]]]:
        """The uploaded checkpoint of a name; empty if there is none or the storage fails."""
        with tempfile.TemporaryFile() as content:
            try:
                self._storage.fetch(f"{CHECKPOINTS}/{name}", content)
            except (FileNotFoundError, StorageError):
                yield []
                return
            content.seek(0)
            yield [content]

    def discard(self, name: str) -> None:
        """Remove a checkpoint from the queue; `flush` does not wait for one that is uploading."""
        with self._changed:
            if content := self._queue.pop(name, None):
                content.close()
            if self._uploading == name:
                self._uploading = None

    def flush(self, seconds: float) -> None:
        """Wait until the queue is empty, for some seconds at most."""
        with self._changed:
            self._changed.wait_for(lambda: not self._queue and not self._uploading, seconds)

    def _enqueue(self, name: str, content: IO[bytes]) -> None:
        replaced = [self._queue.pop(name, None)]
        self._queue[name] = content
        if len(self._queue) > _QUEUE_LENGTH:
            replaced.append(self._queue.pop(next(iter(self._queue))))
        for older in filter(None, replaced):
            older.close()

    def _upload(self) -> None:
        pause = 1.0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue)
                name = next(iter(self._queue))
                content, self._uploading = self._queue.pop(name), name
            try:
                self._storage.put(f"{CHECKPOINTS}/{name}", content)
                uploaded, pause, self.error = True, 1.0, None
            except StorageError as error:
                uploaded, self.error = False, str(error)
                pause = min(2 * pause, _MAX_RETRY_SECONDS)
            with self._changed:
                wanted, self._uploading = self._uploading == name, None
                if uploaded or not wanted or name in self._queue:
                    content.close()
                else:
                    content.seek(0)
                    self._queue = {name: content, **self._queue}
                self._changed.notify_all()
            if not uploaded:
                time.sleep(pause)

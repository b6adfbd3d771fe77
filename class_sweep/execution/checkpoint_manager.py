"""The driver's side of the checkpoints: their location, their removal, and upload errors."""

import contextlib
import logging
from collections.abc import Iterable
from typing import Protocol

from class_sweep.base.faults import faults_as_errors
from class_sweep.execution.checkpoints import (
    CheckpointStore,
    LocalCheckpointStore,
    RemoteCheckpointStore,
    checkpoint_files,
)
from class_sweep.results.folder import ResultsFolder
from class_sweep.results.mirror import Mirror
from class_sweep.storage.remote import Storage
from class_sweep.training.checkpoint import partial_file

log = logging.getLogger(__name__)


class CheckpointManager(Protocol):
    """The checkpoints of a sweep, as the driver sees them.

    Attributes:
        location: The location that every machine must reach.
        store: The store that workers read and write.
    """

    @property
    def location(self) -> Storage:
        """The location that every machine must reach."""

    @property
    def store(self) -> CheckpointStore:
        """The store that workers read and write."""

    def remove(self, name: str) -> None:
        """Remove the checkpoints of one trial."""

    def remove_all(self, names: Iterable[str]) -> None:
        """Remove the checkpoints of a finished sweep; files of other names stay."""

    def discard(self) -> None:
        """Remove the copy of a results folder that is discarded."""

    def on_error(self, message: str) -> None:
        """Handle the message of a worker that could not save a checkpoint."""


class LocalCheckpointManager:
    """Checkpoints in the results folder."""

    def __init__(self, folder: ResultsFolder) -> None:
        self._folder = folder.checkpoints.resolve()
        self.location = Storage.parse(str(folder.path.resolve().parent))
        self.store: CheckpointStore = LocalCheckpointStore(self._folder)

    def remove(self, name: str) -> None:
        """Remove the checkpoints of one trial."""
        with faults_as_errors("the checkpoints of an ended trial must be removable"):
            for path in (*checkpoint_files(self._folder / name), partial_file(self._folder / name)):
                path.unlink(missing_ok=True)

    def remove_all(self, names: Iterable[str]) -> None:
        """Remove the checkpoints of a finished sweep, and their folder if nothing else is in it."""
        for name in names:
            self.remove(name)
        with contextlib.suppress(OSError):
            self._folder.rmdir()

    def discard(self) -> None:
        """Do nothing: there is no copy."""

    def on_error(self, message: str) -> None:
        """Do nothing: a local checkpoint that cannot be written fails its trial."""


class RemoteCheckpointManager:
    """Checkpoints in a storage; the mirror's thread removes them."""

    def __init__(self, mirror: Mirror) -> None:
        self.location = mirror.storage
        self.store: CheckpointStore = RemoteCheckpointStore(mirror.storage)
        self.remove = mirror.remove_checkpoint
        self.discard = mirror.discard
        self._mirror = mirror
        self._warned = False

    def remove_all(self, names: Iterable[str]) -> None:
        """Remove the checkpoints of a finished sweep; files of other names stay."""
        for name in names:
            self.remove(name)

    def on_error(self, message: str) -> None:
        """Warn once, unless the storage fails for the driver too, which the mirror reports."""
        if not self._warned and not self._mirror.failing:
            self._warned = True
            log.warning(
                "a checkpoint cannot be uploaded, so a trial that loses its machine repeats"
                " training: %s",
                message,
            )

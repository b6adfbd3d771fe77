"""The driver's side of the checkpoints: their location, their removal, and upload errors."""

import logging
import shutil
from typing import Protocol

from class_sweep.execution.checkpoints import (
    CheckpointStore,
    LocalCheckpointStore,
    RemoteCheckpointStore,
    checkpoint_files,
)
from class_sweep.results.folder import ResultsFolder
from class_sweep.results.mirror import Mirror
from class_sweep.storage.remote import Storage

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

    def remove_all(self) -> None:
        """Remove the checkpoints of a finished sweep."""

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
        for path in checkpoint_files(self._folder / name):
            path.unlink(missing_ok=True)

    def remove_all(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def on_error(self, message: str) -> None:
        """Do nothing: a local checkpoint that cannot be written fails its trial."""


class RemoteCheckpointManager:
    """Checkpoints in a storage; the mirror's thread removes them."""

    def __init__(self, mirror: Mirror) -> None:
        self.location = mirror.storage
        self.store: CheckpointStore = RemoteCheckpointStore(mirror.storage)
        self.remove = mirror.remove_checkpoint
        self.remove_all = mirror.remove_checkpoints
        self._mirror = mirror
        self._warned = False

    def on_error(self, message: str) -> None:
        """Warn once, unless the storage fails for the driver too, which the mirror reports."""
        if not self._warned and not self._mirror.failing:
            self._warned = True
            log.warning(
                "a checkpoint cannot be uploaded, so a trial that loses its machine repeats"
                " training: %s",
                message,
            )

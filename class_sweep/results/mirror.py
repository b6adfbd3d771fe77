"""The copy of a results folder in a storage, kept up to date while the sweep runs.

Data flows one way, from the folder to the storage. A thread uploads what changed, so no trial waits
for the storage. While the storage fails, the thread retries.
"""

import logging
import threading
import time
from pathlib import Path
from typing import Self

from class_sweep.errors import StorageError
from class_sweep.results.file_names import CHECKPOINTS
from class_sweep.results.upload import Uploader
from class_sweep.storage.lease import Lease
from class_sweep.storage.remote import Storage

log = logging.getLogger(__name__)

_INTERVAL_SECONDS = 0.5  # between two uploads, or the duration of the last one if that is longer
_MAX_RETRY_SECONDS = 30.0  # between two attempts while the storage fails
PATIENCE_SECONDS = 30.0  # longest time without an uploaded file at the end of a sweep
_INTERRUPTED_PATIENCE_SECONDS = 5.0  # the same after a second Ctrl-C


class Mirror:
    """Keeps a copy of a folder in a storage. On exit it uploads the remaining changes."""

    def __init__(self, folder: Path, storage: Storage) -> None:
        """Take the storage's lease. The folder may not exist yet.

        Raises:
            InputError: If the storage cannot be written to and read.
            ResultsError: If another driver has the lease.
        """
        self.storage = storage
        self._folder = folder
        self._lease = Lease(storage)
        self._uploader = Uploader(folder, storage)
        self._removable: set[str] = set()  # checkpoints of trials that have ended
        self._removal_due = self._discarded = False
        self._failure: str | None = None
        self._has_lease = True
        self._begun = threading.Event()
        self._closing, self._abandoned = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="mirror", daemon=True)

    @property
    def failing(self) -> bool:
        """Whether the last attempt to use the storage failed."""
        return self._failure is not None

    def begin(self) -> None:
        """Begin to upload; from now on files in the storage may be overwritten."""
        self._begun.set()

    def remove_checkpoint(self, name: str) -> None:
        """Remove the checkpoint of an ended trial, even one that its worker still uploads."""
        self._removable.add(name)
        self._removal_due = True

    def discard(self) -> None:
        """Remove the files that this process has uploaded, at the end and instead of the rest."""
        self._discarded = True

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        exit_time = time.monotonic()
        interrupted = kind is KeyboardInterrupt
        patience = _INTERRUPTED_PATIENCE_SECONDS if interrupted else PATIENCE_SECONDS
        self._closing.set()
        while self._thread.is_alive() and self._idle_seconds(exit_time) < patience:
            self._thread.join(0.1)
        self._abandoned.set()
        missing = [] if self._discarded else self._uploader.outdated()
        if missing and self._has_lease and self._begun.is_set():
            log.warning(
                "the storage %s lacks %s, which are in %s (%s); update it with: class-sweep resume"
                " %s",
                self.storage,
                ", ".join(missing),
                self._folder,
                self._failure or "it is too slow",
                self._folder,
            )

    def _idle_seconds(self, since: float) -> float:
        """Seconds since the last uploaded file, or since a given time if that is later."""
        return time.monotonic() - max(since, self._uploader.last_upload)

    def _run(self) -> None:
        pause = 1.0
        while not self._abandoned.is_set():
            last = self._closing.is_set()  # read first: later changes need one more round
            start = time.monotonic()
            try:
                self._has_lease = self._has_lease and (not self._lease.due or self._lease.renew())
                if not self._has_lease:
                    log.warning(
                        "another driver has taken the lease of %s: this sweep uploads nothing more"
                        " to it, and its results are in %s alone",
                        self.storage,
                        self._folder,
                    )
                    return
                if last and self._discarded:
                    self._uploader.remove()
                elif self._begun.is_set():
                    self._uploader.upload()
                    # A worker's last upload may end after the removal of its checkpoint.
                    self._removal_due |= last and bool(self._removable)
                    self._remove_checkpoints()
                if last:
                    self._lease.give_back()
            except (StorageError, OSError) as error:
                self._report_failure(str(error))
                pause = min(2 * pause, _MAX_RETRY_SECONDS)
            else:
                self._report_success()
                if last:
                    return
                pause = max(_INTERVAL_SECONDS, time.monotonic() - start)
            (self._abandoned if last else self._closing).wait(min(pause, 1.0) if last else pause)

    def _remove_checkpoints(self) -> None:
        """Remove the checkpoints of ended trials from the storage."""
        if not self._removal_due:
            return
        self._removal_due = False
        try:
            stored = {name.rpartition("/")[2] for name in self.storage.files(CHECKPOINTS)}
            for name in stored & self._removable:
                self.storage.remove(f"{CHECKPOINTS}/{name}")
        except StorageError:
            self._removal_due = True
            raise

    def _report_failure(self, reason: str) -> None:
        if self._failure is None:
            log.warning(
                "the storage fails, and the sweep continues without it: all results are in %s, and"
                " are uploaded when the storage works again (%s)",
                self._folder,
                reason,
            )
        self._failure = reason

    def _report_success(self) -> None:
        if self._failure is not None:
            log.warning("the storage works again, and has all results of %s", self._folder)
        self._failure = None

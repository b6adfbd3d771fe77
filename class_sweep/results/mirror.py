"""A results folder's copy in a storage, kept up to date while the sweep goes on.

Data flows one way, from the folder to the storage, and no trial waits for it: a thread looks at the
folder and sends what changed. While the storage fails, that is tried again and again.
"""

import logging
import threading
import time
from pathlib import Path
from typing import Self

from class_sweep.errors import StorageError
from class_sweep.results.folder import CHECKPOINTS
from class_sweep.results.upload import Sender
from class_sweep.storage.lease import Lease
from class_sweep.storage.remote import Storage

log = logging.getLogger(__name__)

_LOOK_EVERY = 0.5  # seconds between two looks at the folder, or as many as the last sending took
_LONGEST_PAUSE = 30.0  # seconds between two attempts with a storage that fails
PATIENCE = 30.0  # seconds without a file sent after which it gives up at the end
_IN_HASTE = 5.0  # the same, when it was told to end at once


class Mirror:
    """Keeps a storage like a folder. A context manager: leaving it sends what is left to send."""

    def __init__(self, folder: Path, storage: Storage) -> None:
        """Take the storage's lease, for a folder that need not be there yet.

        Raises:
            InputError: If the storage cannot be written to and read.
            ResultsError: If another driver has it.
        """
        self.storage = storage
        self._folder = folder
        self._lease = Lease(storage)
        self._sender = Sender(folder, storage)
        self._ended: set[str] = set()  # checkpoints of trials that have ended
        self._untidy = self._empty = False
        self._failing: str | None = None
        self._mine = True
        self._begun = threading.Event()
        self._closing, self._abandoned = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="mirror", daemon=True)

    @property
    def failing(self) -> bool:
        """Whether the storage failed when it was last tried."""
        return self._failing is not None

    def begin(self) -> None:
        """Begin to send; what the storage has may be overwritten from now on."""
        self._begun.set()

    def drop(self, checkpoint: str) -> None:
        """Have an ended trial's checkpoint removed; one that its worker still sends, too."""
        self._ended.add(checkpoint)
        self._untidy = True

    def drop_all(self) -> None:
        """Have every checkpoint removed, as of a sweep that is done."""
        self._empty = self._untidy = True

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        asked = time.monotonic()
        patience = _IN_HASTE if kind is KeyboardInterrupt else PATIENCE
        self._closing.set()
        while self._thread.is_alive() and time.monotonic() - self._since(asked) < patience:
            self._thread.join(0.1)
        self._abandoned.set()
        missing = self._sender.behind()
        if missing and self._mine and self._begun.is_set():
            log.warning(
                "the storage %s lacks %s, which are in %s (%s); it is brought up to date by:"
                " class-sweep resume %s",
                self.storage,
                ", ".join(missing),
                self._folder,
                self._failing or "it is too slow",
                self._folder,
            )

    def _since(self, asked: float) -> float:
        return max(asked, self._sender.last)

    def _run(self) -> None:
        pause = 1.0
        while not self._abandoned.is_set():
            last = self._closing.is_set()  # what changes after this look is sent by the next one
            start = time.monotonic()
            try:
                self._mine = self._mine and (not self._lease.due or self._lease.renew())
                if not self._mine:
                    log.warning(
                        "another driver has taken over %s: nothing more is sent there, and what"
                        " this sweep writes stays in %s",
                        self.storage,
                        self._folder,
                    )
                    return
                if self._begun.is_set():
                    self._sender.send()
                    # A worker's last sending may end after its checkpoint was dropped.
                    self._untidy |= last and (self._empty or bool(self._ended))
                    self._tidy()
                if last:
                    self._lease.give_back()
            except (StorageError, OSError) as error:
                self._fails(str(error))
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                self._works()
                if last:
                    return
                pause = max(_LOOK_EVERY, time.monotonic() - start)
            (self._abandoned if last else self._closing).wait(min(pause, 1.0) if last else pause)

    def _tidy(self) -> None:
        """Remove the checkpoints that no trial goes on from."""
        if not self._untidy:
            return
        self._untidy = False
        try:
            if self._empty:
                self.storage.remove_all(CHECKPOINTS)
                return
            there = {name.rpartition("/")[2] for name in self.storage.files(CHECKPOINTS)}
            for name in there & self._ended:
                self.storage.remove(f"{CHECKPOINTS}/{name}")
        except StorageError:
            self._untidy = True
            raise

    def _fails(self, reason: str) -> None:
        if self._failing is None:
            log.warning(
                "the storage fails, and the sweep goes on without: all is in %s, and is sent when"
                " it works again (%s)",
                self._folder,
                reason,
            )
        self._failing = reason

    def _works(self) -> None:
        if self._failing is not None:
            log.warning("the storage works again, and has all that is in %s", self._folder)
        self._failing = None

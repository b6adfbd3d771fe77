"""Where the states of trials are kept that may have to go on elsewhere: their checkpoints.

The last two of a trial in a folder, the last one in a storage. Their name holds the trial's
identity, so only a trial of the very settings that made a state ever goes on from it.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Protocol

from class_sweep.errors import StorageError
from class_sweep.results.folder import CHECKPOINTS
from class_sweep.storage.remote import Storage

Save = Callable[[Path | IO[bytes]], None]

_MOST_WAITING = 8  # states that a worker still has to send, most of them of trials that are paused
_LONGEST_PAUSE = 30.0  # seconds between two attempts with a storage that fails


def state_name(trial: int, identity: str) -> str:
    """The name of a trial's checkpoint."""
    return f"trial-{trial:04d}-{identity}.pt"


def copies(path: Path) -> tuple[Path, Path]:
    """Where a trial's newest checkpoint is, and the one before it."""
    return path, path.with_suffix(".older.pt")


class States(Protocol):
    """A place for checkpoints, as a trial's worker sees it.

    Attributes:
        trouble: Why the last state could not be kept, if so.
    """

    trouble: str | None

    def keep(self, name: str, save: Save) -> None:
        """Keep a state in place of an older one of that name; `save` writes it."""

    def open(self, name: str) -> AbstractContextManager[Sequence[Path | IO[bytes]]]:
        """The states of a name that there are, newest first."""

    def forget(self, name: str) -> None:
        """Do not trouble about a state any more: its trial has ended."""

    def settle(self, seconds: float) -> None:
        """Wait until all is kept that will be."""


class FolderStates:
    """Checkpoints in a folder, written before a trial goes on."""

    trouble: str | None = None  # what fails here fails the trial, or ends the sweep

    def __init__(self, folder: Path) -> None:
        """Name the folder, by its absolute path; it is made if need be."""
        self._folder = folder

    def keep(self, name: str, save: Save) -> None:
        """Keep a state in place of an older one; raises what the disk does."""
        self._folder.mkdir(parents=True, exist_ok=True)
        newest, older = copies(self._folder / name)
        if newest.is_file():
            newest.replace(older)
        save(newest)

    @contextmanager
    def open(self, name: str) -> Iterator[Sequence[Path]]:
        """The states of a name that there are, newest first."""
        yield [path for path in copies(self._folder / name) if path.is_file()]

    def forget(self, name: str) -> None:
        """Nothing: the driver removes it."""

    def settle(self, seconds: float) -> None:
        """Nothing: all is there."""


class StoredStates:
    """Checkpoints in a storage, sent while the trial goes on.

    A state that is not there costs the way since an older one and nothing else, for what was
    reported stands. So a storage that is slow or fails holds no trial up.
    """

    def __init__(self, storage: Storage) -> None:
        """Name the storage of the sweep."""
        self.trouble: str | None = None
        self._storage = storage
        self._changed = threading.Condition()
        self._waiting: dict[str, IO[bytes]] = {}
        self._sending: str | None = None
        self._thread: threading.Thread | None = None

    def __reduce__(self) -> tuple[type["StoredStates"], tuple[Storage]]:
        return type(self), (self._storage,)

    def keep(self, name: str, save: Save) -> None:
        """Have a state sent, in place of an older one; raises what the disk does."""
        state = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it was sent; without a name
        save(state)
        state.seek(0)
        with self._changed:
            self._wait_with(name, state)
            if self._thread is None:
                self._thread = threading.Thread(target=self._send, name="states", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    @contextmanager
    def open(self, name: str) -> Iterator[Sequence[IO[bytes]]]:
        """The state of a name that was sent last, if the storage gives one."""
        with tempfile.TemporaryFile() as state:
            try:
                self._storage.fetch(f"{CHECKPOINTS}/{name}", state)
            except (FileNotFoundError, StorageError):
                yield []
                return
            state.seek(0)
            yield [state]

    def forget(self, name: str) -> None:
        """Do not send a state that waits; one that is on its way is not waited for."""
        with self._changed:
            if state := self._waiting.pop(name, None):
                state.close()
            if self._sending == name:
                self._sending = None

    def settle(self, seconds: float) -> None:
        """Wait until nothing is left to send, for so long at most."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._sending, seconds)

    def _wait_with(self, name: str, state: IO[bytes]) -> None:
        replaced = [self._waiting.pop(name, None)]
        self._waiting[name] = state
        if len(self._waiting) > _MOST_WAITING:
            replaced.append(self._waiting.pop(next(iter(self._waiting))))
        for older in filter(None, replaced):
            older.close()

    def _send(self) -> None:
        pause = 1.0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                name = next(iter(self._waiting))
                state, self._sending = self._waiting.pop(name), name
            try:
                self._storage.put(f"{CHECKPOINTS}/{name}", state)
                sent, pause, self.trouble = True, 1.0, None
            except StorageError as error:
                sent, pause, self.trouble = False, min(2 * pause, _LONGEST_PAUSE), str(error)
            with self._changed:
                wanted, self._sending = self._sending == name, None
                if sent or not wanted or name in self._waiting:
                    state.close()
                else:
                    state.seek(0)
                    self._waiting = {name: state, **self._waiting}
                self._changed.notify_all()
            if not sent:
                time.sleep(pause)

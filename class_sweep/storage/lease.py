"""Which driver writes to a storage: a small file there that it renews for as long as it does.

An object store has no locks. So a driver that finds another's lease renewed lately does not start,
and one that finds its own replaced (its storage was out of reach for longer than a lease stands,
and another took over) writes nothing there any more.
"""

import json
import os
import socket
import time
import uuid
from dataclasses import asdict, dataclass, field
from typing import Self

import psutil

from class_sweep.errors import ResultsError
from class_sweep.storage.remote import Storage

LEASE = "lease.json"
RENEWED_EVERY = 15  # seconds
STANDS_FOR = 60  # seconds since it was renewed


@dataclass(frozen=True)
class Holder:
    """Who has a lease."""

    host: str
    pid: int
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @classmethod
    def this_process(cls) -> Self:
        """This one, under a name of its own each time."""
        return cls(socket.gethostname(), os.getpid())

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read a lease; a damaged one is nobody's."""
        try:
            tree = json.loads(text)
            return cls(str(tree["host"]), int(tree["pid"]), str(tree["id"]))
        except (ValueError, KeyError, TypeError):
            return cls("an unknown machine", 0, "")

    @property
    def gone(self) -> bool:
        """Whether it is known to have ended, as of a process of this machine."""
        return self.host == socket.gethostname() and not psutil.pid_exists(self.pid)


class Lease:
    """A storage's lease, taken by this process."""

    def __init__(self, storage: Storage) -> None:
        """Take it; the storage must have been found usable.

        Raises:
            ResultsError: If another driver has it.
            InputError: If the storage does not let a sweep write.
        """
        self._storage = storage
        self._own = Holder.this_process()
        self._content = json.dumps(asdict(self._own)).encode()
        now = storage.require_usable()  # by the clock that stamps the lease too
        stored, holder = storage.stat(LEASE), self._holder()
        if stored and holder and not holder.gone and now - stored.mtime < STANDS_FOR:
            raise ResultsError(
                f"one driver at a time may run a sweep: {storage} was in use"
                f" {max(0, now - stored.mtime):.0f} s ago by process {holder.pid} on {holder.host};"
                f" if that one is gone, try again in {STANDS_FOR} s"
            )
        self._renew()
        if not self.own:  # two began within the same moment, and the later one has it
            raise ResultsError(f"one driver at a time may run a sweep: another began on {storage}")

    @property
    def own(self) -> bool:
        """Whether it is still this process's.

        Raises:
            StorageError: If the storage does not answer.
        """
        holder = self._holder()
        return holder is not None and holder.id == self._own.id

    @property
    def due(self) -> bool:
        """Whether it is time to renew it."""
        # By the wall clock, which goes on while a machine sleeps; set back, it is time as well.
        return not 0 <= time.time() - self._renewed < RENEWED_EVERY

    def renew(self) -> bool:
        """Renew it, unless another has it by now; whether it is still this process's.

        Raises:
            StorageError: If the storage does not answer.
        """
        if self.own:
            self._renew()
            return True
        return False

    def give_back(self) -> None:
        """Let the next driver begin at once.

        Raises:
            StorageError: If the storage does not answer.
        """
        if self.own:
            self._storage.remove(LEASE)

    def _renew(self) -> None:
        self._storage.put(LEASE, self._content)
        self._renewed = time.time()

    def _holder(self) -> Holder | None:
        try:
            return Holder.from_json(self._storage.get(LEASE))
        except FileNotFoundError:
            return None

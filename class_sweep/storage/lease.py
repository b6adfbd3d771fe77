"""The lease of a storage: a small file that the driver of a sweep renews.

An object store has no locks. A driver therefore does not start while another driver's lease is
valid. If a driver cannot reach its storage for longer than a lease is valid, another driver may
replace the lease. The first driver then writes nothing more to the storage.
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
RENEWAL_SECONDS = 15
VALID_SECONDS = 60  # since the last renewal


@dataclass(frozen=True)
class Holder:
    """The process that holds a lease."""

    host: str
    pid: int
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @classmethod
    def this_process(cls) -> Self:
        """This process, with a new id at each call."""
        return cls(socket.gethostname(), os.getpid())

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read a lease file; the holder of a damaged file is unknown."""
        try:
            tree = json.loads(text)
            return cls(str(tree["host"]), int(tree["pid"]), str(tree["id"]))
        except (ValueError, KeyError, TypeError):
            return cls("an unknown machine", 0, "")

    @property
    def has_ended(self) -> bool:
        """Whether the holder was a process of this machine and has ended."""
        return self.host == socket.gethostname() and not psutil.pid_exists(self.pid)


class Lease:
    """The lease of a storage, held by this process."""

    def __init__(self, storage: Storage) -> None:
        """Check the storage and take its lease.

        Raises:
            ResultsError: If another driver holds the lease.
            InputError: If the storage cannot be written to and read.
        """
        self._storage = storage
        self._this = Holder.this_process()
        self._content = json.dumps(asdict(self._this)).encode()
        now = storage.require_usable()  # by the clock that also dates the lease
        stored, holder = storage.stat(LEASE), self._holder()
        if stored and holder and not holder.has_ended and now - stored.mtime < VALID_SECONDS:
            raise ResultsError(
                f"one driver at a time may run a sweep: {storage} was in use"
                f" {max(0, now - stored.mtime):.0f} s ago by process {holder.pid} on {holder.host};"
                f" if that process has ended, try again in {VALID_SECONDS} s"
            )
        self._renew()
        if not self.held:  # two drivers started at the same time, and the later one holds the lease
            raise ResultsError(
                f"one driver at a time may run a sweep: another has just started on {storage}"
            )

    @property
    def held(self) -> bool:
        """Whether this process still holds the lease.

        Raises:
            StorageError: If the storage does not answer.
        """
        holder = self._holder()
        return holder is not None and holder.id == self._this.id

    @property
    def due(self) -> bool:
        """Whether it is time to renew the lease."""
        # The wall clock runs while a machine sleeps; a clock that was set back counts as due.
        return not 0 <= time.time() - self._renewed < RENEWAL_SECONDS

    def renew(self) -> bool:
        """Renew the lease unless another driver has taken it; return whether it is still held.

        Raises:
            StorageError: If the storage does not answer.
        """
        if self.held:
            self._renew()
            return True
        return False

    def give_back(self) -> None:
        """Remove the lease, so that the next driver can begin at once.

        Raises:
            StorageError: If the storage does not answer.
        """
        if self.held:
            self._storage.remove(LEASE)

    def _renew(self) -> None:
        self._storage.put(LEASE, self._content)
        self._renewed = time.time()

    def _holder(self) -> Holder | None:
        try:
            return Holder.from_json(self._storage.get(LEASE))
        except FileNotFoundError:
            return None

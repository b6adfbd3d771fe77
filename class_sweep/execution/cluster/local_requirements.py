"""What a local Ray needs of a machine, checked before data are read and without starting it."""

import os
import resource
import socket
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from class_sweep.errors import InputError
from class_sweep.execution.cluster.session_folder import session_folder

LOOPBACK = "127.0.0.1"
_LOOPBACK_SECONDS = 5.0
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Ray keeps its object store
# Ray's defaults for the size of the object store, which it reserves as one file at its start.
_STORE_SHARE = 0.3  # of the available memory
_SHARED_MEMORY_SHARE = 0.95  # of the free shared memory
_MAX_STORE_BYTES = 200 * 10**9
_MAX_MAC_STORE_BYTES = 2 << 30
_MAPPED_BYTES = 3 << 30  # what the driver maps beside the store: 2 GiB with torch and RDKit
_CGROUP_LIMITS = ("memory.max", "memory/memory.limit_in_bytes")  # of version 2 and of version 1


def require_local_ray() -> None:
    """Check that Ray can start on this machine.

    Raises:
        InputError: If the loopback interface is down, no place is fit for Ray's private folder,
            there is no shared memory, or a limit of the shell is below what Ray reserves.
    """
    _require_loopback()
    _require_room_for_store()
    with session_folder():
        pass


def _require_loopback() -> None:
    try:
        with socket.create_server((LOOPBACK, 0)) as server:
            socket.create_connection(server.getsockname(), _LOOPBACK_SECONDS).close()
    except OSError as error:
        raise InputError(
            f"{LOOPBACK} must answer, got: {error.strerror or error}; bring the loopback interface"
            " up with: ip link set lo up"
        ) from None


def _require_room_for_store() -> None:
    """Check the limits that the object store would exceed."""
    store = _store_bytes()
    for limit, flag, what, required in (
        (resource.RLIMIT_FSIZE, "-f", "size of a file", store),
        (resource.RLIMIT_AS, "-v", "address space", store + _MAPPED_BYTES),
    ):
        allowed, _ = resource.getrlimit(limit)
        if allowed != resource.RLIM_INFINITY and allowed < required:
            raise InputError(
                f"the limit on the {what} must be at least {required >> 10} KiB, because Ray"
                f" reserves its object store at once, got {allowed >> 10} (ulimit {flag}); raise it"
                f" with: ulimit {flag} unlimited"
            )


def _store_bytes() -> int:
    """The size that Ray gives its object store."""
    if sys.platform == "darwin":  # there the store is a file below /tmp
        return int(min(_STORE_SHARE * psutil.virtual_memory().available, _MAX_MAC_STORE_BYTES))
    try:
        shared = os.statvfs(_SHARED_MEMORY)
    except OSError as error:
        raise InputError(
            f"a machine must have shared memory for Ray, got {_SHARED_MEMORY}: {error.strerror};"
            " mount a tmpfs there"
        ) from None
    memory = psutil.virtual_memory().available
    for name in _CGROUP_LIMITS:
        with suppress(OSError, ValueError):  # no such file, or `max`
            memory = min(memory, int((Path("/sys/fs/cgroup") / name).read_text()))
    free = shared.f_bsize * shared.f_bavail
    return int(min(_STORE_SHARE * memory, _SHARED_MEMORY_SHARE * free, _MAX_STORE_BYTES))

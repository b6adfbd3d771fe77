"""The private folder of a local Ray: its sockets, logs and token, closed to other users."""

import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from class_sweep.base.locks import Lock
from class_sweep.errors import InputError

_PREFIX = "sweep_"  # not that of clusters/slurm.sh
_SUFFIX_LENGTH = 8  # of `mkdtemp`
_IN_SESSION = re.compile(rf"/{_PREFIX}[a-z0-9_]{{{_SUFFIX_LENGTH}}}/ray/session_")
# The longest path of a socket below the folder; 4194304 is the largest process id of Linux.
_LONGEST_SOCKET = "/ray/session_2026-11-30_09-00-00_000000_4194304/sockets/plasma_store"
# sockaddr_un has 108 bytes on Linux and 104 on macOS, with the final zero
_SOCKET_PATH_BYTES = 107 if sys.platform == "linux" else 103
_MAX_PARENT_BYTES = _SOCKET_PATH_BYTES - len(f"/{_PREFIX}{'x' * _SUFFIX_LENGTH}{_LONGEST_SOCKET}")


@dataclass(frozen=True)
class SessionFolder:
    """The folder of one local Ray; only its user may enter it.

    Attributes:
        path: The folder, of mode 0700.
    """

    path: Path

    @property
    def ray(self) -> Path:
        """What Ray takes as its temporary folder, and opens to everyone."""
        return self.path / "ray"

    @property
    def token(self) -> Path:
        """The file with the token, of mode 0600."""
        return self.path / "token"

    @property
    def lock(self) -> Path:
        """Held by the process of the sweep; names the boot of the machine that it runs on."""
        return self.path / "lock"


@contextmanager
def session_folder() -> Iterator[SessionFolder]:
    """Create a private folder for the length of a block, and remove those of dead processes.

    The folder is created in $RAY_TMPDIR, otherwise in the first of $TMPDIR, /tmp and further places
    that allows it.

    Raises:
        InputError: If no place allows it.
    """
    folder, lock = _create()
    try:
        yield folder
    finally:
        shutil.rmtree(folder.path, ignore_errors=True)
        lock.release()


def is_private_session(argument: str) -> bool:
    """Whether the argument of a process names the session of a sweep's own Ray."""
    return _IN_SESSION.search(argument) is not None


def _create() -> tuple[SessionFolder, Lock]:
    chosen = os.environ.get("RAY_TMPDIR")
    places = [chosen] if chosen else [os.environ.get("TMPDIR"), "/tmp", "/var/tmp", "/dev/shm"]  # noqa: S108
    problems = []
    for place in dict.fromkeys(filter(None, places)):
        parent = Path(place).absolute()
        try:
            _require_safe(parent)
            _remove_dead(parent)
            return _create_in(parent)
        except (OSError, InputError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            problems.append(f"{parent} ({reason})")
    raise InputError(
        "Ray must have a private folder for its sockets, got no place for it:"
        f" {'; '.join(problems)}; set RAY_TMPDIR to an existing folder of your own, with a path of"
        f" at most {_MAX_PARENT_BYTES} bytes"
    )


def _require_safe(parent: Path) -> None:
    """Check that sockets fit below a folder, and that no other user can replace what is in it."""
    if len(os.fsencode(parent)) > _MAX_PARENT_BYTES:
        raise InputError(f"longer than {_MAX_PARENT_BYTES} bytes")
    resolved = parent.resolve(strict=True)
    trusted = {0, os.geteuid(), _unmapped_user()}
    for folder in (resolved, *resolved.parents):
        found = folder.stat()
        if found.st_uid not in trusted:
            raise InputError(f"{folder} belongs to another user")
        if found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX:
            raise InputError(f"other users may rename what is in {folder}")


def _unmapped_user() -> int:
    """The owner of root's folders in a container without root; elsewhere root."""
    try:
        first, _, count = Path("/proc/self/uid_map").read_text().split()[:3]
        if first == "0" and int(count) > 1:
            return 0
        return int(Path("/proc/sys/kernel/overflowuid").read_text())
    except (OSError, ValueError):
        return 0


def _create_in(parent: Path) -> tuple[SessionFolder, Lock]:
    folder = SessionFolder(Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent)))
    try:
        lock = Lock.take(folder.lock)
        folder.lock.write_text(_boot())  # from now on a later sweep may remove it
        descriptor = os.open(folder.token, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(os.urandom(32).hex())
    except BaseException:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise
    return folder, lock


def _remove_dead(parent: Path) -> None:
    """Remove the folders that sweeps of this user left here, if their processes are dead.

    The lock proves it: the kernel of this boot wrote its name there and has released the lock.
    """
    boot = _boot()
    for path in parent.glob(f"{_PREFIX}{'?' * _SUFFIX_LENGTH}"):
        folder = SessionFolder(path)
        try:
            found = path.stat(follow_symlinks=False)
            ours = found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) == 0o700
            if not (ours and stat.S_ISDIR(found.st_mode) and boot):
                continue
            if folder.lock.read_text() != boot:
                continue
            with Lock.take(folder.lock):
                shutil.rmtree(path, ignore_errors=True)
        except (OSError, InputError):
            continue  # its process lives, or another one removes it


def _boot() -> str:
    """The identity of this boot of the machine; empty if the system does not tell it."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text()
    except OSError:
        return ""

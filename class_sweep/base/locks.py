"""Locks between processes: take one, look whether one is held, refuse a file system without them.

A lock is an exclusive `flock` on a file that stays where it is. The kernel releases it when its
process ends, however that happens. There is no substitute where `flock` is missing: a lock file
that is created and removed excludes nobody after a crash.
"""

import errno
import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from class_sweep.errors import InputError, LockedError

_RETRY_SECONDS = 0.05
_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}  # of mounts without a lock manager


class Lock:
    """An exclusive lock, held from `take` until `release` or the end of the process."""

    def __init__(self, path: Path, descriptor: int) -> None:
        """Keep a locked descriptor; see `take`."""
        self._path, self._descriptor = path, descriptor

    @classmethod
    def take(cls, path: Path, *, seconds: float | None = 0.0) -> Self:
        """Lock a file, and create it if it does not exist.

        Args:
            path: The file; its folder must exist.
            seconds: How long to wait for another process; None for as long as it takes.

        Raises:
            LockedError: If another process holds the lock until then.
            InputError: If the file cannot be created, or its file system has no locks.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        with _refusals(path):
            while True:
                descriptor = _open(path, os.O_RDWR | os.O_CREAT)
                try:
                    if _locked_by_us(descriptor, path):
                        return cls(path, descriptor)
                except BaseException:
                    os.close(descriptor)
                    raise
                os.close(descriptor)
                if deadline is not None and time.monotonic() >= deadline:
                    raise LockedError(f"a lock must be free: another process holds {path}")
                time.sleep(_RETRY_SECONDS)

    def release(self) -> None:
        """Release the lock; the file stays."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock of a file. Nothing is created, written or removed.

    A file that cannot be opened, or that lies on a file system without locks, counts as not locked:
    `take` refuses it.
    """
    try:
        descriptor = _open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        # Shared, so that two probes do not see each other; `take` waits out the moment.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def require_lockable(path: Path) -> None:
    """Check that a new folder can be created, written to and locked. Nothing is left behind.

    Both kinds of locks are tried: `flock`, of `Lock`, and the record locks of SQLite.

    Args:
        path: The folder; it need not exist.

    Raises:
        InputError: If the nearest existing folder cannot be written to or has no locks.
    """
    with _refusals(path):
        folder = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
        with tempfile.TemporaryFile(dir=folder) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _open(path: Path, flags: int) -> int:
    """Open a lock file: not through a link, and without waiting at a pipe.

    Raises:
        OSError: If it cannot be opened or is no regular file.
    """
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "a lock must be a regular file", str(path))
    return descriptor


def _locked_by_us(descriptor: int, path: Path) -> bool:
    """Lock an open file; False if another process holds it, or the path names another file now."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(descriptor), path.stat(follow_symlinks=False))
    except (BlockingIOError, FileNotFoundError):
        return False


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            raise InputError(
                f"a folder must be on a file system with locks, got none for {path}"
                f" ({error.strerror}); name a folder on another file system, or mount this one with"
                " locks"
            ) from error
        raise InputError(
            f"a folder must be writable and lockable, got {path}: {error.strerror}"
        ) from error

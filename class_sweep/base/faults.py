"""Faults of the machine: what a disk, a file system or SQLite refused, in one sentence."""

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from class_sweep.errors import ClassSweepError, StorageError

_MARK = f"{StorageError.__module__}.{StorageError.__qualname__}: "  # how a traceback names it
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FAILING = (errno.EROFS, errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ENOLCK)
_WORDS = (*map(os.strerror, (*_FULL, *_FAILING)), "disk is full")  # the last is SQLite's


def fault_of(error: BaseException) -> str | None:
    """What the machine refused, in words; None if an error and its causes are none of it.

    SQLAlchemy and Optuna wrap the errors of SQLite, so the causes are followed. Our other errors
    say more than their causes.
    """
    if isinstance(error, ClassSweepError) and not isinstance(error, StorageError):
        return None
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, StorageError | sqlite3.Error):
            return str(cause)
        if isinstance(cause, OSError) and cause.errno and not _of_the_network(cause):
            path = f": {cause.filename}" if cause.filename else ""
            return f"{cause.strerror}{path}"
        cause = cause.__cause__
    return None


def fault_in(text: str) -> str | None:
    """The last fault in the traceback of another process or library; None without one."""
    for line in reversed(text.splitlines()):
        if line.startswith(_MARK):
            return line.removeprefix(_MARK)
        if any(words in line for words in _WORDS):
            return line.strip()
    return None


@contextmanager
def faults_as_errors(rule: str) -> Iterator[None]:
    """Turn the faults of a block into one StorageError.

    Args:
        rule: What must hold, for example `a study must be writable: PATH`.

    Raises:
        StorageError: If a disk, a file system or SQLite refused something.
    """
    try:
        yield
    except Exception as error:
        reason = None if isinstance(error, StorageError) else fault_of(error)
        if reason is None:
            raise
        raise StorageError(f"{rule}: {reason}") from error


@contextmanager
def faults_advised(advice: Callable[[], str]) -> Iterator[None]:
    """Turn the faults of a block into one StorageError that says how to go on.

    Args:
        advice: How to go on; asked for after the fault.

    Raises:
        StorageError: If a disk, a file system or SQLite refused something.
    """
    try:
        yield
    except Exception as error:
        reason = fault_of(error)
        if reason is None:
            raise
        raise StorageError(f"{reason}; {advice()}") from error


def _of_the_network(error: OSError) -> bool:
    return isinstance(error, ConnectionError | TimeoutError)

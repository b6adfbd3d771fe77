"""A cache of named arrays on disk, which checks them when it reads them."""

import logging
import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from class_sweep.base.files import atomic_file
from class_sweep.base.hashing import fingerprint
from class_sweep.base.locks import Lock
from class_sweep.errors import InputError, LockedError

FOLDER_VARIABLE = "CLASS_SWEEP_CACHE"

_log = logging.getLogger(__name__)

Arrays = dict[str, np.ndarray]


def default_cache_folder() -> Path:
    """The folder of $CLASS_SWEEP_CACHE, or the user's cache folder."""
    folder = os.environ.get(FOLDER_VARIABLE)
    return Path(folder).expanduser() if folder else user_cache_path("class-sweep")


class ArrayCache:
    """A folder of entries `KEY.safetensors`, each with a checksum of its key and its arrays.

    Several processes can share a folder: the first computes an entry, the others wait and read it.
    If the folder cannot be written, the cache logs a warning and returns the computed arrays.

    Args:
        folder: The folder; the first entry creates it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get_or_compute(
        self,
        key_parts: Mapping[str, object] | Sequence[object],
        compute: Callable[[], np.ndarray],
        *,
        name: str,
    ) -> np.ndarray:
        """Read one array from the cache, or compute it.

        Args:
            key_parts: Everything that decides the array; see `fingerprint`.
            compute: Computes the array if there is no entry.
            name: The start of the file name, for people who look into the folder.
        """
        key = f"{name}-{fingerprint(key_parts)}"
        return self.arrays(key, lambda: {"features": compute()})["features"]

    def arrays(
        self,
        key: str,
        compute: Callable[[], Arrays],
        invalid_reason: Callable[[Arrays], str | None] = lambda _: None,
    ) -> Arrays:
        """Read named arrays from the cache, or compute them.

        Args:
            key: The name of the entry; it must identify everything that decides the arrays.
            compute: Computes the arrays if there is no entry.
            invalid_reason: Why the arrays of an intact entry must be computed again, or None.

        Raises:
            ValueError: If the key is not a plain file name.
            TypeError: If an array has a type that cannot be stored (text or objects).
        """
        if not re.fullmatch(r"\w[\w.-]{0,199}", key, re.ASCII):
            raise ValueError(f"a cache key must be letters, digits, '_', '.' and '-', got {key!r}")
        path = self.folder / f"{key}.safetensors"
        if (arrays := _read(path, key, invalid_reason, logging.WARNING)) is not None:
            return arrays
        with ExitStack() as locks:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                _wait_for(locks, self.folder / f"{key}.lock")
            except (OSError, InputError) as error:  # no locks: two processes may both compute it
                _warn_not_cached(path, error)
                return compute()
            # Another process may have written the entry; its errors are already logged.
            if (arrays := _read(path, key, invalid_reason, logging.DEBUG)) is not None:
                return arrays
            computed = {name: np.asarray(array, order="C") for name, array in compute().items()}
            _write(path, key, computed)
            return computed


class NoCache(ArrayCache):
    """Computes everything and stores nothing, so that no query of a user reaches the disk."""

    def __init__(self) -> None:
        super().__init__(Path())

    def arrays(
        self,
        key: str,  # noqa: ARG002 - nothing is stored
        compute: Callable[[], Arrays],
        invalid_reason: Callable[[Arrays], str | None] = lambda _: None,  # noqa: ARG002
    ) -> Arrays:
        """Compute the arrays."""
        return compute()


def _wait_for(locks: ExitStack, path: Path) -> None:
    try:
        locks.enter_context(Lock.take(path))
    except LockedError:
        _log.info("waiting for another process that computes %s", path.stem)
        locks.enter_context(Lock.take(path, seconds=None))


def _read(
    path: Path, key: str, invalid_reason: Callable[[Arrays], str | None], level: int
) -> Arrays | None:
    """The arrays of a valid entry; None without one."""
    try:
        with safe_open(path, framework="np") as file:
            expected = (file.metadata() or {}).get("sha256")
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError) as error:
        _log.log(level, "a cache entry must be readable, got %s: rebuilding %s", error, path)
        return None
    if expected != fingerprint(key, arrays):
        _log.log(level, "a cache entry must match its checksum and doesn't: rebuilding %s", path)
        return None
    if (reason := invalid_reason(arrays)) is not None:
        _log.log(level, "%s: rebuilding %s", reason, path)
        return None
    return arrays


def _write(path: Path, key: str, arrays: Arrays) -> None:
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            raise TypeError(f"a cached array must be numeric, got {array.dtype} for {name!r}")
    data = save(arrays, metadata={"sha256": fingerprint(key, arrays)})
    try:
        # The lock is held, so this process is the only writer.
        with atomic_file(path, partial=path.with_suffix(".tmp")) as file:
            file.write(data)
    except OSError as error:
        _warn_not_cached(path, error)


def _warn_not_cached(path: Path, error: Exception) -> None:
    _log.warning("the cache folder must be writable, got %s: not cached: %s", error, path)

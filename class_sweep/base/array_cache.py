"""Arrays that are computed once, kept on disk and checked when they are read back."""

import logging
import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from platformdirs import user_cache_path
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from class_sweep.base.hashing import fingerprint

FOLDER_VARIABLE = "CLASS_SWEEP_CACHE"

_log = logging.getLogger(__name__)

Arrays = dict[str, np.ndarray]


def default_cache_folder() -> Path:
    """Where features are kept: $CLASS_SWEEP_CACHE, else the user's cache folder."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return Path(chosen).expanduser() if chosen else user_cache_path("class-sweep")


class ArrayCache:
    """A folder of entries `<key>.safetensors`, each with a checksum over its key and its arrays.

    Several processes may use one folder: the first computes an entry, the others wait and read it.
    A folder that cannot be written costs a warning and the saving, never the result.

    Args:
        folder: Made when the first entry is written.
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
        """One array, from the cache or computed.

        Args:
            key_parts: Everything that decides the array, as `fingerprint` takes it.
            compute: Makes the array; called at most once, not at all when there is an entry.
            name: Begins the entry's file name, for whoever looks into the folder.
        """
        key = f"{name}-{fingerprint(key_parts)}"
        return self.arrays(key, lambda: {"features": compute()})["features"]

    def arrays(
        self,
        key: str,
        compute: Callable[[], Arrays],
        why_not: Callable[[Arrays], str | None] = lambda _: None,
    ) -> Arrays:
        """Named arrays, from the cache or computed.

        Args:
            key: The entry's name; it must stand for everything that decides the arrays.
            compute: Makes the arrays; called at most once, not at all when there is an entry.
            why_not: Says what is wrong with the arrays of an intact entry, which are then made
                anew; None where nothing is.

        Raises:
            ValueError: If the key is no plain file name.
            TypeError: If an array's type cannot be stored (text or objects).
        """
        if not re.fullmatch(r"\w[\w.-]{0,199}", key, re.ASCII):
            raise ValueError(f"a cache key must be letters, digits, '_', '.' and '-', got {key!r}")
        path = self.folder / f"{key}.safetensors"
        if (found := _read(path, key, why_not, logging.WARNING)) is not None:
            return found
        with ExitStack() as held:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                _wait_for(held, self.folder / f"{key}.lock")
            except OSError as error:
                _warn_not_cached(path, error)
                return compute()
            # Another process may have written it meanwhile; what is wrong was said above.
            if (found := _read(path, key, why_not, logging.DEBUG)) is not None:
                return found
            computed = {name: np.asarray(array, order="C") for name, array in compute().items()}
            _write(path, key, computed)
            return computed


class NoCache(ArrayCache):
    """Computes everything and keeps nothing: for a person's own query."""

    def __init__(self) -> None:
        super().__init__(Path())

    def arrays(
        self,
        key: str,  # noqa: ARG002 - nothing is kept under it
        compute: Callable[[], Arrays],
        why_not: Callable[[Arrays], str | None] = lambda _: None,  # noqa: ARG002
    ) -> Arrays:
        """What `compute` makes."""
        return compute()


def _wait_for(held: ExitStack, path: Path) -> None:
    lock = FileLock(path)
    try:
        held.enter_context(lock.acquire(timeout=0))
    except Timeout:
        _log.info("waiting for another process that computes %s", path.stem)
        held.enter_context(lock.acquire())


def _read(
    path: Path, key: str, why_not: Callable[[Arrays], str | None], level: int
) -> Arrays | None:
    """The arrays of an intact entry; None if there is none, or none that can be trusted."""
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
    if (reason := why_not(arrays)) is not None:
        _log.log(level, "%s: rebuilding %s", reason, path)
        return None
    return arrays


def _write(path: Path, key: str, arrays: Arrays) -> None:
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            raise TypeError(f"a cached array must be numeric, got {array.dtype} for {name!r}")
    data = save(arrays, metadata={"sha256": fingerprint(key, arrays)})
    # One name per key is enough, since the lock is held; a killed process's leftover is replaced.
    temporary = path.with_suffix(".tmp")
    try:
        temporary.unlink(missing_ok=True)
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        _warn_not_cached(path, error)


def _warn_not_cached(path: Path, error: OSError) -> None:
    _log.warning("the cache folder must be writable, got %s: not cached: %s", error, path)

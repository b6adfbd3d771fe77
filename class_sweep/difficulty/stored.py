"""An index as it lies in a cache: with what it was counted by and of."""

import numpy as np
from numpy.typing import NDArray

from class_sweep.difficulty.index import DifficultyIndex

INDEX_VERSION = 3  # raise it when the same features would be counted differently

_VERSION, _DATA = "stored_version", "stored_data"

Arrays = dict[str, NDArray[np.generic]]


def to_stored(index: DifficultyIndex, data: str) -> Arrays:
    """The arrays of an index, its version, and the checksum of the features it is of."""
    return index.arrays() | {
        _VERSION: np.array([INDEX_VERSION]),
        _DATA: np.frombuffer(data.encode(), dtype=np.uint8),
    }


def invalid_reason(stored: Arrays, data: str) -> str | None:
    """Why stored arrays cannot stand for an index of some features; None if they can."""
    version = int(stored[_VERSION][0]) if _VERSION in stored else "none"
    if version != INDEX_VERSION:
        return f"a cached index must be of version {INDEX_VERSION}, got {version}"
    of = stored[_DATA].tobytes().decode(errors="replace") if _DATA in stored else "none"
    if of != data:
        return f"a cached index must be of the features {data[:12]}…, got {of[:12]}…"
    return None


def from_stored(stored: Arrays) -> DifficultyIndex:
    """The index in arrays that nothing speaks against."""
    return DifficultyIndex.from_arrays(
        {name: array for name, array in stored.items() if name not in (_VERSION, _DATA)}
    )

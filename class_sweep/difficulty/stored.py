"""The cached form of an index, with its version and the checksum of its features."""

import numpy as np
from numpy.typing import NDArray

from class_sweep.difficulty.index import DifficultyIndex

INDEX_VERSION = 3  # raise it when the same features give another index

_VERSION, _DATA = "stored_version", "stored_data"

Arrays = dict[str, NDArray[np.generic]]


def to_stored(index: DifficultyIndex, data: str) -> Arrays:
    """The arrays of an index, its version and the checksum `data` of its features."""
    return index.arrays() | {
        _VERSION: np.array([INDEX_VERSION]),
        _DATA: np.frombuffer(data.encode(), dtype=np.uint8),
    }


def invalid_reason(stored: Arrays, data: str) -> str | None:
    """The reason why stored arrays are not the index of the features with checksum `data`.

    Returns:
        The reason, or None if the arrays are valid.
    """
    version = int(stored[_VERSION][0]) if _VERSION in stored else "none"
    if version != INDEX_VERSION:
        return f"a cached index must be of version {INDEX_VERSION}, got {version}"
    stored_data = stored[_DATA].tobytes().decode(errors="replace") if _DATA in stored else "none"
    if stored_data != data:
        return f"a cached index must be of the features {data[:12]}…, got {stored_data[:12]}…"
    return None


def from_stored(stored: Arrays) -> DifficultyIndex:
    """The index of valid stored arrays."""
    return DifficultyIndex.from_arrays(
        {name: array for name, array in stored.items() if name not in (_VERSION, _DATA)}
    )

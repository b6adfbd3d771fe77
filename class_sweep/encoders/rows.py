"""What encoders do with rows: each distinct input once, and nothing but finite numbers."""

from collections.abc import Sequence

import numpy as np

from class_sweep.errors import EncoderError

_SHOWN = 5  # row numbers in a message


def distinct(values: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """The distinct values in order of appearance, and for each row the place of its value.

    Returns:
        Values (U,) and places (L,), int64.
    """
    places: dict[str, int] = {}
    rows = np.fromiter((places.setdefault(v, len(places)) for v in values), np.int64, len(values))
    return list(places), rows


def as_bytes(words: Sequence[str]) -> np.ndarray:
    """Words without line ends as one array of bytes, which safetensors can hold."""
    return np.frombuffer("\n".join(words).encode(), np.uint8)


def from_bytes(array: np.ndarray) -> list[str]:
    """The inverse of `as_bytes`."""
    return array.tobytes().decode().split("\n")


def require_finite(features: np.ndarray, rows: np.ndarray, encoder: str) -> np.ndarray:
    """The features (U, D) as float32, unchanged.

    Args:
        features: (U, D)
        rows: (L,) The feature row of each of the data set's rows, to name those.
        encoder: The encoder's kind, to name it.

    Raises:
        EncoderError: If any is NaN or infinite, naming the data set's rows.
    """
    features = np.ascontiguousarray(features, dtype=np.float32)
    bad = np.flatnonzero(~np.isfinite(features).all(axis=1)[rows])
    if bad.size:
        shown = ", ".join(str(row) for row in bad[:_SHOWN])
        more = f" and {bad.size - _SHOWN} more" if bad.size > _SHOWN else ""
        raise EncoderError(
            f"features must be finite numbers, got NaN or infinity in row {shown}{more}, "
            f"counted from 0 (encoder {encoder})"
        )
    return features

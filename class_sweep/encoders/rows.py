"""Distinct inputs, finite features, and words as an array."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from class_sweep.base.ragged import Ragged
from class_sweep.encoders.molecule_graphs import MoleculeGraphs
from class_sweep.errors import EncoderError

Table = TypeVar("Table", Ragged, MoleculeGraphs)

_SHOWN = 5  # row numbers in a message


def distinct(values: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """The distinct values in order of appearance, and the index of each row's value.

    Returns:
        (U,) values and (L,) int64 indices into them.
    """
    indices: dict[str, int] = {}
    rows = np.fromiter((indices.setdefault(v, len(indices)) for v in values), np.int64, len(values))
    return list(indices), rows


def expand(table: Table, rows: np.ndarray) -> Table:
    """The row of each input; if all inputs are distinct, the table itself without a copy.

    Args:
        table: U rows, of the distinct inputs.
        rows: (L,) the index of each input's row.
    """
    return table if len(table) == len(rows) else table.take(rows)


def as_bytes(words: Sequence[str]) -> np.ndarray:
    """Words without line ends as one array of bytes, which safetensors can store."""
    return np.frombuffer("\n".join(words).encode(), np.uint8)


def from_bytes(array: np.ndarray) -> list[str]:
    """The inverse of `as_bytes`."""
    return array.tobytes().decode().split("\n")


def require_finite(features: np.ndarray, rows: np.ndarray, encoder: str) -> np.ndarray:
    """The features (U, D) as float32, unchanged.

    Args:
        features: (U, D) features of the distinct inputs.
        rows: (L,) the feature row of each row of the data set, for the message.
        encoder: The kind of the encoder, for the message.

    Raises:
        EncoderError: If they are of another shape, or a feature is NaN or infinite, with the rows
            of the data set.
    """
    count = int(rows.max(initial=-1)) + 1
    if np.ndim(features) != 2 or len(features) != count:
        raise EncoderError(
            f"encoder {encoder} must give a row of features for each of {count} distinct inputs,"
            f" got the shape {np.shape(features)}"
        )
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

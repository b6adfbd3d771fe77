"""Rows of unequal lengths in one flat array, which is shared without a copy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Ragged:
    """N rows; row i is `values[offsets[i] : offsets[i + 1]]`.

    Attributes:
        values: (ΣT, …) the rows one after another.
        offsets: (N + 1,) int64, from 0 to ΣT.
    """

    values: NDArray[Any]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, rows: Sequence[NDArray[np.generic]], empty: NDArray[np.generic]) -> Self:
        """Join rows; `empty` (0, …) gives the shape and type if there are none."""
        lengths = np.fromiter((len(row) for row in rows), np.int64, len(rows))
        return cls(np.concatenate([empty, *rows]).astype(empty.dtype), offsets_of(lengths))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]], name: str) -> Self:
        """The inverse of `arrays`; nothing is copied."""
        return cls(arrays[f"{name}/values"], arrays[f"{name}/offsets"])  # type: ignore[arg-type]

    def arrays(self, name: str) -> dict[str, NDArray[np.generic]]:
        """The two arrays by name."""
        return {f"{name}/values": self.values, f"{name}/offsets": self.offsets}

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def lengths(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The lengths of rows: (n,) to (n,)."""
        lengths: NDArray[np.int64] = self.offsets[rows + 1] - self.offsets[rows]
        return lengths

    def take(self, rows: NDArray[np.int64]) -> Self:
        """A copy of rows, in the given order."""
        offsets = offsets_of(self.lengths(rows))
        start = np.repeat(self.offsets[rows] - offsets[:-1], np.diff(offsets))
        return type(self)(self.values[np.arange(offsets[-1]) + start], offsets)

    def owners(self) -> NDArray[np.int64]:
        """The row of each value: (ΣT,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def padded(self) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        """The rows as one (N, T, …) array padded with zeros, and the (N, T) mask of the values."""
        lengths = np.diff(self.offsets)
        mask = np.arange(lengths.max(initial=0)) < lengths[:, None]
        dense = np.zeros(mask.shape + self.values.shape[1:], self.values.dtype)
        dense[mask] = self.values
        return dense, mask


def offsets_of(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,) lengths to (N + 1,) offsets."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets

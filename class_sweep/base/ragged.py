"""Rows of unequal lengths in one flat array: shared without copying, gathered without a loop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Ragged:
    """N rows, row i being `values[offsets[i] : offsets[i + 1]]`.

    Attributes:
        values: (ΣT, …) the rows one after another.
        offsets: (N + 1,) int64, from 0 to ΣT.
    """

    values: NDArray[Any]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, rows: Sequence[NDArray[np.generic]], empty: NDArray[np.generic]) -> Self:
        """Some arrays, joined; `empty` (0, …) gives the shape where there is none."""
        lengths = np.fromiter((len(row) for row in rows), np.int64, len(rows))
        return cls(np.concatenate([empty, *rows]).astype(empty.dtype), offsets_of(lengths))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]], name: str) -> Self:
        """The inverse of `arrays`; nothing is copied."""
        return cls(arrays[f"{name}/values"], arrays[f"{name}/offsets"])  # type: ignore[arg-type]

    def arrays(self, name: str) -> dict[str, NDArray[np.generic]]:
        """Its two arrays by name."""
        return {f"{name}/values": self.values, f"{name}/offsets": self.offsets}

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def lengths(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) the lengths of some rows."""
        lengths: NDArray[np.int64] = self.offsets[rows + 1] - self.offsets[rows]
        return lengths

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Some rows, in the order asked for, as a copy."""
        offsets = offsets_of(self.lengths(rows))
        start = np.repeat(self.offsets[rows] - offsets[:-1], np.diff(offsets))
        return type(self)(self.values[np.arange(offsets[-1]) + start], offsets)

    def owners(self) -> NDArray[np.int64]:
        """(ΣT,) the row that each value is in."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def padded(self) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        """Its rows as one array (N, T, …), zero behind their ends, and where they are (N, T)."""
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

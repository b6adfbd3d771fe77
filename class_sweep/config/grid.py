"""The grid of a space with finite axes: every configuration once, by its index."""

import math
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

from class_sweep.config.axes import Axis, Value
from class_sweep.config.conditions import Choose

MAX_CELLS = 4096
"""The largest number of combinations of the axes that decide about others: each is resolved."""


@dataclass(frozen=True)
class Cell:
    """The configurations with the same values of the axes that decide about others.

    Attributes:
        values: The values of these axes, by path.
        free: The other axes that have an effect there.
    """

    values: dict[str, Value]
    free: dict[str, Axis]

    @property
    def size(self) -> int:
        """The number of its configurations."""
        return combinations(self.free)

    def point(self, index: int) -> dict[str, Value]:
        """The configuration of an index, from 0."""
        values = dict(self.values)
        for path, axis in self.free.items():
            options = axis.values() or []
            index, position = divmod(index, len(options))
            values[path] = options[position]
        return values


class SpaceGrid:
    """The configurations of a space with finite axes."""

    def __init__(self, cells: list[Cell]) -> None:
        """Take the cells, in the order of their configurations."""
        self._cells, self._ends = cells, list(accumulate(cell.size for cell in cells))

    @property
    def size(self) -> int:
        """The number of configurations."""
        return self._ends[-1]

    def point(self, index: int) -> dict[str, Value]:
        """The configuration of an index, from 0: dotted path to value."""
        number = bisect_right(self._ends, index)
        return self._cells[number].point(index - (self._ends[number - 1] if number else 0))


def combinations(axes: Mapping[str, Axis]) -> int:
    """The number of combinations of the values of finite axes."""
    return math.prod(len(axis.values() or ()) for axis in axes.values())


def grid_of(
    axes: Mapping[str, Axis], deciding: Collection[str], decide: Callable[[Choose], object]
) -> SpaceGrid | None:
    """The grid of a space; None if an axis is continuous or there are more than `MAX_CELLS` cells.

    Args:
        axes: The axes of the space.
        deciding: The axes that decide whether others have an effect.
        decide: `Space.decide`.
    """
    if any(axis.values() is None for axis in axes.values()):
        return None
    found = []
    for cell in _cells(deciding, decide):
        found.append(cell)
        if len(found) > MAX_CELLS:
            return None
    return SpaceGrid(found)


def _cells(deciding: Collection[str], decide: Callable[[Choose], object]) -> Iterator[Cell]:
    """Make every sequence of decisions, in the order of the options, the last one fastest."""
    script: list[int] = []
    while True:
        cell, sizes = Cell({}, {}), list[int]()

        def choose(path: str, axis: Axis, cell: Cell = cell, sizes: list[int] = sizes) -> Value:
            if path not in deciding:
                cell.free[path] = axis
                return axis.centre()
            options = axis.values() or []
            if len(sizes) == len(script):
                script.append(0)
            sizes.append(len(options))
            cell.values[path] = options[script[len(sizes) - 1]]
            return cell.values[path]

        decide(choose)
        yield cell
        while script and script[-1] + 1 == sizes[len(script) - 1]:
            script.pop()
        if not script:
            return
        script[-1] += 1

"""The batches of an epoch: its pool in a seeded random order, cut into complete batches."""

from bisect import bisect_right
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from class_sweep.curriculum.schedule import Schedule

Pairs = NDArray[np.int64]
_NO_PAIRS: Pairs = np.empty(0, np.int64)


def no_pairs(epoch: int) -> Pairs:  # noqa: ARG001
    """The pairs that an epoch leaves out without trimming."""
    return _NO_PAIRS


class CurriculumSampler:
    """The batches of a schedule, addressable by step.

    The batches of an epoch depend on the seed, the epoch and the pairs that trimming leaves out
    alone. A cut and resumed run therefore draws the same batches as an uncut run.

    With lengths, the pairs of some consecutive batches are sorted by length among themselves, and
    the batches are visited in random order. A pair and its negatives then have similar lengths.
    """

    def __init__(
        self,
        schedule: Schedule,
        order: Pairs,
        seed: int,
        *,
        lengths: NDArray[np.int64] | None = None,
        length_window: int = 1,
    ) -> None:
        """Prepare the batches of a schedule.

        Args:
            schedule: The pools and the batch size.
            order: (L,) the training pairs in the sequence of `difficulty_order`.
            seed: The seed of the batches of every epoch.
            lengths: (L,) the length of each pair, for batches of similar lengths.
            length_window: Consecutive batches whose pairs are sorted by length among themselves.

        Raises:
            ValueError: If the order does not fit the pairs.
        """
        if len(order) != schedule.pairs:
            raise ValueError(
                f"the order must name each of the {schedule.pairs} pairs, got {len(order)}"
            )
        self.schedule = schedule
        self._order = order
        self._seed = seed
        self._lengths = lengths
        self._window = length_window * schedule.batch_size

    def pool(self, epoch: int) -> Pairs:
        """(P,) the training pairs in the pool of an epoch, ascending."""
        # Sorted, so that two schedules with equal pools draw equal batches.
        return np.sort(self._order[: self.schedule.pools[epoch]])

    def lowest(self, epoch: int, margins: NDArray[np.floating]) -> Pairs:
        """The pairs that an epoch leaves out: those of its pool with the lowest margins.

        Args:
            epoch: The epoch.
            margins: (L,) the margin of each pair when the epoch begins, ∞ for a pair that has not
                been drawn; or how easy it is. Of equal margins the first pair is left out.
        """
        pool = self.pool(epoch)
        return pool[np.argsort(margins[pool], kind="stable")[: self.schedule.left_out[epoch]]]

    def epoch(self, epoch: int, left_out: Pairs = _NO_PAIRS) -> Pairs:
        """(steps, batch_size) the training pairs of all batches of an epoch.

        Args:
            epoch: The epoch.
            left_out: The pairs of its pool that it leaves out; see `lowest`.

        Raises:
            ValueError: If the schedule leaves out another number of pairs in this epoch.
        """
        if len(left_out) != self.schedule.left_out[epoch]:
            raise ValueError(
                f"epoch {epoch} must leave out {self.schedule.left_out[epoch]} pairs,"
                f" got {len(left_out)}"
            )
        size = self.schedule.batch_size
        pool = np.setdiff1d(self.pool(epoch), left_out, assume_unique=True)
        generator = np.random.default_rng([self._seed, epoch])
        steps = len(pool) // size
        visited = generator.permutation(pool)[: steps * size]
        if self._lengths is None or self._window == size:
            return visited.reshape(steps, size)
        # The remainder and the windows stay random; only the order within a window changes.
        window = np.arange(len(visited)) // self._window
        visited = visited[np.lexsort((self._lengths[visited], window))]
        return generator.permutation(visited.reshape(steps, size))

    def spans(
        self,
        start: int,
        stop: int,
        left_out: Callable[[int], Pairs] = no_pairs,
    ) -> Iterator[tuple[int, Pairs]]:
        """The steps `start` … `stop` − 1 by epoch: its number and (steps, batch_size) pairs.

        Args:
            start: The first step.
            stop: The step after the last one.
            left_out: The pairs that an epoch leaves out. It is called for an epoch when the steps
                of the one before have been consumed.

        Raises:
            ValueError: If the schedule has fewer than `stop` steps.
        """
        ends = self.schedule.ends
        if stop > ends[-1]:
            raise ValueError(f"steps must end with the schedule's {ends[-1]}, got {stop}")
        step = start
        while step < stop:
            epoch = bisect_right(ends, step)
            first = ends[epoch - 1] if epoch else 0
            yield epoch, self.epoch(epoch, left_out(epoch))[step - first : stop - first]
            step = ends[epoch]

"""The batches of an epoch: a seeded shuffle of its pool, cut into whole batches."""

from bisect import bisect_right
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from class_sweep.curriculum.schedule import Schedule


class CurriculumSampler:
    """Batches of a schedule, addressable by step, from a generator of their own.

    An epoch's shuffle depends on the seed and the epoch alone, so a run cut anywhere and gone on
    with draws the same batches as one that ran straight through.
    """

    def __init__(self, schedule: Schedule, introduced: NDArray[np.int64], seed: int) -> None:
        """Take a schedule, the (L,) order of `introduce`, and the seed of the shuffles."""
        if len(introduced) != schedule.pairs:
            raise ValueError(
                f"the order must name each of the {schedule.pairs} pairs, got {len(introduced)}"
            )
        self.schedule = schedule
        self._introduced = introduced
        self._seed = seed

    def epoch(self, epoch: int) -> NDArray[np.int64]:
        """All batches of an epoch: (steps, batch_size) rows of the training pairs."""
        size = self.schedule.batch_size
        # Sorted, so that two arms whose pools hold the same pairs draw the same batches.
        pool = np.sort(self._introduced[: self.schedule.pools[epoch]])
        generator = np.random.default_rng([self._seed, epoch])
        steps = len(pool) // size
        return generator.permutation(pool)[: steps * size].reshape(steps, size)

    def batches(self, start: int, stop: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Epoch and rows of each step from `start` up to `stop`."""
        ends = self.schedule.ends
        step = start
        while step < stop:
            epoch = bisect_right(ends, step)
            first = ends[epoch - 1] if epoch else 0
            for rows in self.epoch(epoch)[step - first : stop - first]:
                yield epoch, rows
            step = ends[epoch]

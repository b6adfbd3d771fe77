"""The batches of an epoch: its pool in a seeded order, cut into whole batches."""

from bisect import bisect_right
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from class_sweep.curriculum.batching import neighbourhoods
from class_sweep.curriculum.schedule import Schedule


class CurriculumSampler:
    """Batches of a schedule, addressable by step, from a generator of their own.

    An epoch's batches depend on the seed and the epoch alone, so a run cut anywhere and gone on
    with draws the same ones as a run straight through.

    Batches of like lengths are made of the same random order: the pairs of some consecutive batches
    are sorted by length among themselves, and the batches visited in random order. A pair's
    negatives are then of about its own length.
    """

    def __init__(
        self,
        schedule: Schedule,
        order: NDArray[np.int64],
        seed: int,
        *,
        nearest: NDArray[np.int32] | None = None,
        group_size: int = 2,
        lengths: NDArray[np.int64] | None = None,
        length_window: int = 1,
    ) -> None:
        """Prepare the batches of a schedule.

        Args:
            schedule: The pools and the batch size.
            order: (L,) the order of `difficulty_order`.
            seed: Of every epoch's batches.
            nearest: (L, m) each pair's most similar others for neighbourhood batches; None for
                random ones.
            group_size: Look-alikes a group of a neighbourhood batch.
            lengths: (L,) what a pair's cost grows with, for random batches of like lengths.
            length_window: Consecutive batches whose pairs are sorted by length among themselves.

        Raises:
            ValueError: If an array does not fit the pairs, or a group does not fit a batch.
        """
        if len(order) != schedule.pairs:
            raise ValueError(
                f"the order must name each of the {schedule.pairs} pairs, got {len(order)}"
            )
        if nearest is not None and len(nearest) != schedule.pairs:
            raise ValueError(
                f"neighbours must be known of each of the {schedule.pairs} pairs,"
                f" got {len(nearest)}"
            )
        if nearest is not None and not 2 <= group_size <= schedule.batch_size:
            raise ValueError(
                f"group_size must be from 2 to the batch size, {schedule.batch_size},"
                f" got {group_size}"
            )
        self.schedule = schedule
        self._order = order
        self._seed = seed
        self._nearest = nearest
        self._group_size = group_size
        self._lengths = lengths
        self._window = length_window * schedule.batch_size

    def epoch(self, epoch: int) -> NDArray[np.int64]:
        """All batches of an epoch: (steps, batch_size) rows of the training pairs."""
        size = self.schedule.batch_size
        # Sorted, so that two arms whose pools hold the same pairs draw the same batches.
        pool = np.sort(self._order[: self.schedule.pools[epoch]])
        generator = np.random.default_rng([self._seed, epoch])
        steps = len(pool) // size
        if self._nearest is not None:
            visited = neighbourhoods(pool, self._nearest, self._group_size, generator)
            return visited[: steps * size].reshape(steps, size)
        visited = generator.permutation(pool)[: steps * size]
        if self._lengths is None or self._window == size:
            return visited.reshape(steps, size)
        # Who is left out and who is in which window stays random; within one, like meets like.
        window = np.arange(len(visited)) // self._window
        visited = visited[np.lexsort((self._lengths[visited], window))]
        return generator.permutation(visited.reshape(steps, size))

    def spans(self, start: int, stop: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """The steps from `start` up to `stop`, by epoch: its number and (steps, batch_size) rows.

        Raises:
            ValueError: If the schedule has fewer steps.
        """
        ends = self.schedule.ends
        if stop > ends[-1]:
            raise ValueError(f"steps must end with the schedule's {ends[-1]}, got {stop}")
        step = start
        while step < stop:
            epoch = bisect_right(ends, step)
            first = ends[epoch - 1] if epoch else 0
            yield epoch, self.epoch(epoch)[step - first : stop - first]
            step = ends[epoch]

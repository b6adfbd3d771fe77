"""A whole schedule in numbers, known before the first step: pools, steps, samples."""

from dataclasses import dataclass
from itertools import accumulate

from class_sweep.config.sections import Curriculum
from class_sweep.curriculum.pacing import pool_size, shares


@dataclass(frozen=True)
class Schedule:
    """What each epoch of a trial sees.

    An epoch draws whole batches only: the batch size is the number of negatives a pair meets, so
    it is the same in every step of every arm. The pairs left over differ from epoch to epoch.

    Attributes:
        pairs: L, the training pairs.
        batch_size: Pairs a step.
        pools: Pairs in the pool of each epoch.
    """

    pairs: int
    batch_size: int
    pools: tuple[int, ...]

    @property
    def epochs(self) -> int:
        """How many epochs there are."""
        return len(self.pools)

    @property
    def ends(self) -> tuple[int, ...]:
        """The step after the last one of each epoch."""
        return tuple(accumulate(pool // self.batch_size for pool in self.pools))

    @property
    def steps(self) -> int:
        """Optimizer steps of the whole schedule."""
        return self.ends[-1]

    @property
    def samples(self) -> int:
        """Samples (pairs, counted each time they are seen) of the whole schedule."""
        return self.steps * self.batch_size

    @property
    def share_of_full_data(self) -> float:
        """Samples against those of the same epochs over the full data."""
        return self.samples / full_data_samples(self.pairs, self.batch_size, self.epochs)


def full_data_samples(pairs: int, batch_size: int, epochs: int) -> int:
    """Samples of `epochs` epochs without a curriculum."""
    return epochs * (pairs // batch_size) * batch_size


def plan(curriculum: Curriculum, *, epochs: int, pairs: int, batch_size: int) -> Schedule:
    """Work a curriculum out for a data set.

    Raises:
        ValueError: If the first pool is smaller than a batch.
    """
    pools = tuple(pool_size(share, pairs) for share in shares(curriculum, epochs))
    if pools[0] < batch_size:
        raise ValueError(
            f"the first pool must hold a batch of {batch_size} pairs,"
            f" got {pools[0]} (alpha {curriculum.alpha:g} of {pairs} pairs)"
        )
    return Schedule(pairs, batch_size, pools)

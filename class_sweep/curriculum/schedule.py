"""A whole schedule in numbers, known before the first step: pools, steps, samples."""

from dataclasses import dataclass
from itertools import accumulate

from class_sweep.config.sections import Budget, Curriculum
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
        most_steps: The steps after which it ends, wherever in an epoch; None: with the last epoch.
    """

    pairs: int
    batch_size: int
    pools: tuple[int, ...]
    most_steps: int | None = None

    @property
    def epochs(self) -> int:
        """How many epochs there are."""
        return len(self.pools)

    @property
    def ends(self) -> tuple[int, ...]:
        """The step after the last one of each epoch."""
        ends = accumulate(pool // self.batch_size for pool in self.pools)
        return tuple(ends if self.most_steps is None else (min(e, self.most_steps) for e in ends))

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
        return self.samples / (self.epochs * (self.pairs // self.batch_size) * self.batch_size)


def full_data_samples(pairs: int, batch_size: int, budget: Budget) -> int:
    """Samples that a budget allows without a curriculum."""
    steps = budget.epochs * (pairs // batch_size)
    most = steps if budget.samples is None else budget.samples // batch_size
    return min(steps, most) * batch_size


def plan(
    curriculum: Curriculum, *, epochs: int, pairs: int, batch_size: int, samples: int | None = None
) -> Schedule:
    """Work a curriculum out for a data set.

    Args:
        curriculum: Its settings.
        epochs: How many there are.
        pairs: L, the training pairs.
        batch_size: Pairs a step.
        samples: End once another batch would see more than so many; None: after all epochs.

    Raises:
        ValueError: If the first pool, or `samples`, is smaller than a batch.
    """
    pools = tuple(pool_size(share, pairs) for share in shares(curriculum, epochs))
    if pools[0] < batch_size:
        raise ValueError(
            f"the first pool must hold a batch of {batch_size} pairs,"
            f" got {pools[0]} (alpha {curriculum.alpha:g} of {pairs} pairs)"
        )
    if samples is not None and samples < batch_size:
        raise ValueError(
            f"a budget of samples must hold a batch of {batch_size} pairs, got {samples}"
        )
    return Schedule(pairs, batch_size, pools, None if samples is None else samples // batch_size)

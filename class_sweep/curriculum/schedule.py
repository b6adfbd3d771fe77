"""A schedule in numbers, known before the first step: pools, steps and samples."""

from dataclasses import dataclass
from itertools import accumulate
from typing import Self

from class_sweep.config.curriculum import Curriculum
from class_sweep.config.sections import Budget, Settings
from class_sweep.curriculum.pacing import pool_size, shares


@dataclass(frozen=True)
class Schedule:
    """The number of pairs, steps and samples of every epoch of a trial.

    An epoch draws whole batches only. The batch size is the number of negatives of a pair, so it is
    the same in every step of every schedule. The remaining pairs differ from epoch to epoch.

    Attributes:
        pairs: L, the number of training pairs.
        batch_size: Pairs per step.
        pools: Pairs in the pool of each epoch.
        max_steps: The step after which training ends, even inside an epoch; None for no limit.

    Example:
        >>> curriculum = Curriculum(alpha=0.5, beta=0.25)
        >>> Schedule.plan(curriculum, Budget(epochs=3), batch_size=10, pairs=100).pools
        (50, 75, 100)
    """

    pairs: int
    batch_size: int
    pools: tuple[int, ...]
    max_steps: int | None = None

    @classmethod
    def of(cls, settings: Settings, pairs: int) -> Self:
        """The schedule of a trial over `pairs` training pairs.

        Raises:
            ValueError: If the first pool, or `budget.samples`, is smaller than a batch.
        """
        batch_size = settings.optimizer.batch_size
        return cls.plan(settings.curriculum, settings.budget, batch_size=batch_size, pairs=pairs)

    @classmethod
    def plan(cls, curriculum: Curriculum, budget: Budget, *, batch_size: int, pairs: int) -> Self:
        """The schedule of a curriculum outside of a trial's settings.

        Args:
            curriculum: The pacing and its parameters.
            budget: The number of epochs, and the limit on samples if there is one.
            batch_size: Pairs per step.
            pairs: L, the number of training pairs.

        Raises:
            ValueError: If the first pool, or `budget.samples`, is smaller than a batch.
        """
        pools = tuple(pool_size(share, pairs) for share in shares(curriculum, budget.epochs))
        if pools[0] < batch_size:
            raise ValueError(
                f"the first pool must hold a batch of {batch_size} pairs,"
                f" got {pools[0]} (alpha {curriculum.alpha:g} of {pairs} pairs)"
            )
        if budget.samples is None:
            return cls(pairs, batch_size, pools)
        if budget.samples < batch_size:
            raise ValueError(
                f"a budget of samples must hold a batch of {batch_size} pairs, got {budget.samples}"
            )
        return cls(pairs, batch_size, pools, budget.samples // batch_size)

    @property
    def epochs(self) -> int:
        """The number of epochs."""
        return len(self.pools)

    @property
    def ends(self) -> tuple[int, ...]:
        """For each epoch, the number of steps up to its end."""
        ends = accumulate(pool // self.batch_size for pool in self.pools)
        return tuple(ends if self.max_steps is None else (min(e, self.max_steps) for e in ends))

    @property
    def steps(self) -> int:
        """Optimizer steps of the whole schedule."""
        return self.ends[-1]

    @property
    def samples(self) -> int:
        """Samples of the whole schedule: a pair counts once for every time it is drawn."""
        return self.steps * self.batch_size

    @property
    def share_of_full_data(self) -> float:
        """The samples as a fraction of those of as many epochs over all pairs."""
        return self.samples / (self.epochs * (self.pairs // self.batch_size) * self.batch_size)


def full_data_samples(pairs: int, batch_size: int, budget: Budget) -> int:
    """Samples that a budget allows without a curriculum."""
    steps = budget.epochs * (pairs // batch_size)
    allowed = steps if budget.samples is None else budget.samples // batch_size
    return min(steps, allowed) * batch_size

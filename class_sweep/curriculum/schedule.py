"""A schedule in numbers, known before the first step: pools, steps and samples."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Self

from class_sweep.config.curriculum import Curriculum
from class_sweep.config.sections import Budget, Settings
from class_sweep.curriculum.pacing import pool_size, shares


@dataclass(frozen=True)
class Schedule:
    """The number of pairs, steps and samples of every epoch of a trial.

    An epoch draws whole batches only. The batch size is the number of negatives of a pair, so it is
    the same in every step of every schedule. The remaining pairs differ from epoch to epoch.

    With `trim`, an epoch leaves out the pairs of lowest margin. Which ones is known when it begins,
    their number before the first step.

    Attributes:
        pairs: L, the number of training pairs.
        batch_size: Pairs per step.
        pools: Pairs in the pool of each epoch.
        left_out: Pairs of each pool that trimming leaves out.
        max_steps: The step after which training ends, even inside an epoch; None for no limit.

    Example:
        >>> curriculum = Curriculum(alpha=0.5, beta=0.25)
        >>> Schedule.plan(curriculum, Budget(epochs=3), batch_size=10, pairs=100).pools
        (50, 75, 100)
    """

    pairs: int
    batch_size: int
    pools: tuple[int, ...]
    left_out: tuple[int, ...]
    max_steps: int | None = None

    @classmethod
    def of(cls, settings: Settings, pairs: int) -> Self:
        """The schedule of a trial over `pairs` training pairs.

        Raises:
            ValueError: If a pool, or `budget.samples`, is smaller than a batch.
        """
        batch_size = settings.optimizer.batch_size
        return cls.plan(settings.curriculum, settings.budget, batch_size=batch_size, pairs=pairs)

    @classmethod
    def plan(cls, curriculum: Curriculum, budget: Budget, *, batch_size: int, pairs: int) -> Self:
        """The schedule of a curriculum outside of a trial's settings.

        Args:
            curriculum: The pacing, the trimming and their parameters.
            budget: The number of epochs, and the limit on samples if there is one.
            batch_size: Pairs per step.
            pairs: L, the number of training pairs.

        Raises:
            ValueError: If a pool, or `budget.samples`, is smaller than a batch, or a batch has one
                pair and trimming has nothing to compare it with.
        """
        pools = tuple(pool_size(share, pairs) for share in shares(curriculum, budget.epochs))
        if pools[0] < batch_size:
            raise ValueError(
                f"the first pool must hold a batch of {batch_size} pairs,"
                f" got {pools[0]} (alpha {curriculum.alpha:g} of {pairs} pairs)"
            )
        if budget.samples is not None and budget.samples < batch_size:
            raise ValueError(
                f"a budget of samples must hold a batch of {batch_size} pairs, got {budget.samples}"
            )
        max_steps = None if budget.samples is None else budget.samples // batch_size
        left_out = _left_out(curriculum, pools, batch_size, max_steps)
        schedule = cls(pairs, batch_size, pools, left_out, max_steps)
        if min(schedule.drawn_from) < batch_size:
            raise ValueError(
                f"a trimmed pool must hold a batch of {batch_size} pairs,"
                f" got {min(schedule.drawn_from)} (trim {curriculum.trim:g})"
            )
        return schedule

    @property
    def epochs(self) -> int:
        """The number of epochs."""
        return len(self.pools)

    @property
    def drawn_from(self) -> tuple[int, ...]:
        """For each epoch, the pairs of its pool that are not left out."""
        return tuple(
            pool - left_out for pool, left_out in zip(self.pools, self.left_out, strict=True)
        )

    @property
    def ends(self) -> tuple[int, ...]:
        """For each epoch, the number of steps up to its end."""
        ends = accumulate(pairs // self.batch_size for pairs in self.drawn_from)
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


def _left_out(
    curriculum: Curriculum, pools: Sequence[int], batch_size: int, max_steps: int | None
) -> tuple[int, ...]:
    """The number of pairs that each epoch leaves out.

    An epoch leaves out ⌊trim · pool⌋ pairs if the same schedule without trimming has made
    `trim_from` of its steps when that epoch begins. The first epoch leaves out none, because no
    margin is known. A pair that has not been drawn stays in: all pairs of the pool before have been
    drawn or left out, but for less than a batch.

    Args:
        curriculum: The trimming.
        pools: Pairs in the pool of each epoch.
        batch_size: Pairs per step.
        max_steps: The step after which training ends; None for no limit.

    Raises:
        ValueError: If a batch has no other pair to compare a pair with.
    """
    if curriculum.trim and batch_size < 2:
        raise ValueError(f"trim must have batches of two or more pairs, got {batch_size}")
    *begins, steps = accumulate((pool // batch_size for pool in pools), initial=0)
    first = round(curriculum.trim_from * min(steps, max_steps or steps), 6)
    left_out = [0]
    for begin, (before, pool) in zip(begins[1:], pairwise(pools), strict=True):
        most = before - batch_size + 1
        # Rounded first: 0.29 * 100 is slightly below 29.
        wanted = math.floor(round(curriculum.trim * pool, 6))
        left_out.append(min(wanted, most) if begin >= first else 0)
    return tuple(left_out)


def full_data_samples(pairs: int, batch_size: int, budget: Budget) -> int:
    """Samples that a budget allows without a curriculum."""
    steps = budget.epochs * (pairs // batch_size)
    allowed = steps if budget.samples is None else budget.samples // batch_size
    return min(steps, allowed) * batch_size

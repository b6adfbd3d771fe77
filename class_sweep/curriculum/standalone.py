"""A schedule in anyone's training loop: the batches and the intensity of each epoch.

Needs NumPy and the settings alone: no Ray, no chemistry, no torch.
"""

from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from class_sweep.config.curriculum import Curriculum
from class_sweep.config.document import load_space
from class_sweep.config.sections import Budget
from class_sweep.curriculum.intensity import loss_parts_of, loss_weights
from class_sweep.curriculum.order import difficulty_order
from class_sweep.curriculum.sampler import CurriculumSampler
from class_sweep.curriculum.schedule import Schedule
from class_sweep.errors import ConfigError


class CurriculumRun:
    """One run under a curriculum, epoch by epoch; as a sampler, all of it in one pass.

    `batches(epoch)` and `weight(epoch)` are for a loop of one's own. Iterating over the run gives
    the rows of every step of every epoch in turn: as the sampler of a loader with this batch size
    that is the whole training, to be run as a single epoch.

    Attributes:
        epochs: Curriculum epochs.
        steps: Optimizer steps of the whole run: what a learning rate should anneal over.
        batch_size: Pairs a step.
    """

    def __init__(
        self,
        curriculum: Curriculum,
        difficulty: NDArray[np.generic],
        *,
        budget: Budget,
        batch_size: int,
        seed: int = 0,
        ties: NDArray[np.float64] | None = None,
        nearest: NDArray[np.int32] | None = None,
    ) -> None:
        """Plan a run.

        Args:
            curriculum: Its settings; σ plays no part, for the difficulty is given.
            difficulty: (L,) of each training example, low is easy: N(σ) in CLASS, or any other.
            budget: How long it is.
            batch_size: Examples a step.
            seed: Of the batches, and of whatever the order leaves to chance.
            ties: (L,) what orders examples of equal difficulty; their own order unless given.
            nearest: (L, m) each example's most similar others; for neighbourhood batches.

        Raises:
            ValueError: If the first pool is smaller than a batch, or `nearest` is wanting.
        """
        if curriculum.batching == "neighbourhood" and nearest is None:
            raise ValueError("batching neighbourhood needs each example's nearest others, got none")
        pairs = len(difficulty)
        schedule = Schedule.plan(curriculum, budget, batch_size=batch_size, pairs=pairs)
        order = difficulty_order(
            difficulty,
            np.arange(pairs, dtype=np.float64) if ties is None else ties,
            order=curriculum.order,
            tie_break=curriculum.tie_break,
            seed=seed,
            nearest=nearest,
        )
        self._sampler = CurriculumSampler(
            schedule,
            order,
            seed,
            nearest=nearest if curriculum.batching == "neighbourhood" else None,
            group_size=curriculum.group_size,
        )
        parts = loss_parts_of(curriculum.intensity)
        self._loss_weights = loss_weights(curriculum, budget.epochs, parts)
        self._ends = schedule.ends
        self.epochs, self.steps = schedule.epochs, schedule.steps
        self.batch_size = batch_size

    @classmethod
    def from_file(
        cls,
        path: Path | str,
        difficulty: NDArray[np.generic],
        *,
        ties: NDArray[np.float64] | None = None,
        nearest: NDArray[np.int32] | None = None,
    ) -> Self:
        """The run that a file such as `best.yaml` describes; see `__init__`.

        Raises:
            ConfigError: If it cannot be read, or some of its settings are axes.
            ValueError: As `__init__`.
        """
        space = load_space(Path(path))
        if space.axes:
            raise ConfigError(f"{path}: must hold one configuration, got axes: {[*space.axes]}")
        settings = space.settings
        return cls(
            settings.curriculum,
            difficulty,
            budget=settings.budget,
            batch_size=settings.optimizer.batch_size,
            seed=settings.search.seed,
            ties=ties,
            nearest=nearest,
        )

    def batches(self, epoch: int) -> NDArray[np.int64]:
        """(steps, batch_size) the rows of an epoch's batches; the last epochs may have none."""
        start = self._ends[epoch - 1] if epoch else 0
        return self._sampler.epoch(epoch)[: self._ends[epoch] - start]

    def weight(self, epoch: int, part: str = "loss") -> float:
        """γ of an epoch: multiply the loss by it, or its named part where curves are of parts."""
        return self._loss_weights.loss[part][epoch]

    def rate(self, epoch: int) -> float:
        """What to multiply the learning rate by; 1 unless the intensity acts on it."""
        return self._loss_weights.rate[epoch]

    def epoch_of(self, step: int) -> int:
        """The epoch of an optimizer step, both counted from 0."""
        return bisect_right(self._ends, step)

    def __len__(self) -> int:
        """Samples of the whole run."""
        return self.steps * self.batch_size

    def __iter__(self) -> Iterator[int]:
        for epoch in range(self.epochs):
            yield from self.batches(epoch).ravel().tolist()

"""A curriculum in any training loop: the batches and the intensity of each epoch.

It needs NumPy and the settings alone: no Ray, no RDKit, no torch.
"""

from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from class_sweep.config.code import checked
from class_sweep.config.curriculum import Curriculum
from class_sweep.config.document import load_space
from class_sweep.config.sections import Budget
from class_sweep.curriculum.batch_sampler import CurriculumSampler, no_pairs
from class_sweep.curriculum.intensity import loss_parts_of, loss_weights
from class_sweep.curriculum.order import difficulty_order
from class_sweep.curriculum.schedule import Schedule
from class_sweep.errors import ConfigError


class CurriculumRun:
    """One training run under a curriculum.

    `batches(epoch)` and `weight(epoch)` are for your own loop. Iteration gives the examples of
    every step of every epoch in sequence. As the sampler of a data loader with this batch size,
    one pass over the run is the whole training.

    Attributes:
        epochs: The number of curriculum epochs.
        steps: The optimizer steps of the whole run, over which a learning rate should anneal.
        batch_size: Examples per step.
        hard_negatives: ρ, for a loss that weighs its negatives; 0 for one that does not.

    Example:
        >>> curriculum = Curriculum(alpha=0.5, beta=0.5, intensity="inverse")
        >>> difficulty = np.arange(40)
        >>> run = CurriculumRun(curriculum, difficulty, budget=Budget(epochs=2), batch_size=10)
        >>> [run.batches(epoch).shape for epoch in range(run.epochs)], run.weight(0)
        ([(2, 10), (4, 10)], 0.5)
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
            curriculum: The settings. σ has no effect, because the difficulty is given.
            difficulty: (L,) the difficulty of each training example, low is easy: N(σ) in CLASS.
            budget: The number of epochs, and the limit on samples if there is one.
            batch_size: Examples per step.
            seed: The seed of the batches, of a random order and of a random tie-break.
            ties: (L,) the sort key of examples of equal difficulty; by default their own order.
            nearest: (L, m) the most similar other examples, for an order that reads them.

        Raises:
            ValueError: If the first pool is smaller than a batch.
            ConfigError: If a section was made in code and breaks a rule.
        """
        curriculum, budget = checked(curriculum), checked(budget)
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
        self._sampler = CurriculumSampler(schedule, order, seed)
        parts = loss_parts_of(curriculum.intensity)
        self._loss_weights = loss_weights(curriculum, budget.epochs, parts)
        self._ends = schedule.ends
        by_difficulty = curriculum.trim_by == "difficulty"
        self._easiness = -difficulty.astype(np.float64) if by_difficulty else None
        self.epochs, self.steps = schedule.epochs, schedule.steps
        self.batch_size = batch_size
        self.hard_negatives = curriculum.hard_negatives

    @classmethod
    def from_file(
        cls,
        path: Path | str,
        difficulty: NDArray[np.generic],
        *,
        ties: NDArray[np.float64] | None = None,
        nearest: NDArray[np.int32] | None = None,
    ) -> Self:
        """The run of a configuration file, for example best.yaml of a sweep; see `__init__`.

        Raises:
            ConfigError: If the file cannot be read, or has axes.
            ValueError: See `__init__`.
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

    def batches(self, epoch: int, margins: NDArray[np.floating] | None = None) -> NDArray[np.int64]:
        """(steps, batch_size) the examples of an epoch's batches; the last epochs may have none.

        Args:
            epoch: The epoch.
            margins: (L,) the running margin of each example when the epoch begins, ∞ for an example
                that has not been drawn; only read with `trim` by margin, see the page Trimming.

        Raises:
            ValueError: If the epoch leaves out examples, and `margins` is missing or of another
                length.
        """
        start = self._ends[epoch - 1] if epoch else 0
        schedule = self._sampler.schedule
        left_out = no_pairs(epoch)
        if schedule.left_out[epoch]:
            margins = margins if self._easiness is None else self._easiness
            if margins is None or len(margins) != schedule.pairs:
                raise ValueError(
                    f"epoch {epoch} leaves out {schedule.left_out[epoch]} examples (trim), so"
                    f" batches must get the margins of all {schedule.pairs},"
                    f" got {'none' if margins is None else len(margins)}"
                )
            left_out = self._sampler.lowest(epoch, margins)
        return self._sampler.epoch(epoch, left_out)[: self._ends[epoch] - start]

    def weight(self, epoch: int, part: str = "loss") -> float:
        """γ of an epoch, the factor on the loss, or on one part of it."""
        return self._loss_weights.loss[part][epoch]

    def rate(self, epoch: int) -> float:
        """The factor on the learning rate in an epoch; 1 if the intensity acts on the loss."""
        return self._loss_weights.rate[epoch]

    def epoch_of(self, step: int) -> int:
        """The epoch of an optimizer step, both counted from 0."""
        return bisect_right(self._ends, step)

    def __len__(self) -> int:
        """The number of samples of the whole run."""
        return self.steps * self.batch_size

    def __iter__(self) -> Iterator[int]:
        """The examples of every step in sequence.

        Raises:
            ValueError: With `trim` by margin, because iteration knows no margins.
        """
        if any(self._sampler.schedule.left_out) and self._easiness is None:
            raise ValueError(
                "a run with trim needs the margins of its examples: call batches(epoch, margins)"
                " for each epoch, or set trim to 0"
            )
        for epoch in range(self.epochs):
            yield from self.batches(epoch).ravel().tolist()

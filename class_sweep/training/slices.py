"""A training in slices of about a second, saved as it goes, so that a kill costs seconds of it."""

import time
from collections.abc import Callable, Iterator

from class_sweep.training.loop import Trainer

CHECKPOINT_EVERY = 30.0  # seconds between two checkpoints
_SLICE = 1.0  # seconds of training between two looks at the clock


def train_in_slices(trainer: Trainer, save: Callable[[], None], every: float) -> Iterator[float]:
    """Train to the end, and yield the mean loss of each slice. The slices change no number.

    Args:
        trainer: The training, at any step.
        save: Saves a checkpoint; called after a slice that does not end the training.
        every: The least seconds between two checkpoints.
    """
    steps, size, saved = trainer.schedule.steps, 1, time.monotonic()
    while trainer.step < steps:
        began = time.monotonic()
        loss = trainer.train_to(min(steps, trainer.step + size))
        now = time.monotonic()
        size = max(1, round(size * min(2.0, _SLICE / max(now - began, 1e-3))))
        if now - saved > every and trainer.step < steps:
            save()
            saved = now
        yield loss

"""The events of a sweep or of a training, for views, benchmarks and tests."""

from typing import Protocol

from class_sweep.config.axes import Value
from class_sweep.results.record import Record


class StartedTrial(Protocol):
    """A trial that starts or continues."""

    @property
    def number(self) -> int:
        """The trial's number."""

    @property
    def name(self) -> str | None:
        """The name of the baseline, or None for a sampled schedule."""

    @property
    def tuned(self) -> bool:
        """Whether the trial tunes the baseline of its name."""

    @property
    def share(self) -> float | None:
        """The share of full data's samples that its pacing is fitted to, or None."""

    @property
    def config(self) -> dict[str, Value]:
        """The value of every axis (dotted path to value)."""


class Callback:
    """Receives the events of a sweep or of a training. Every method does nothing by default.

    The driver process calls the methods. An exception ends the run.
    """

    def on_stage(self, name: str) -> None:
        """A stage begins.

        Args:
            name: `data`, `encoders`, `index`, `difficulty`, `report`, `audit`, `workers`,
                `trials`, `confirm`, `test` or `storage`.
        """

    def on_progress(self, done: int, total: int) -> None:
        """A part of the current stage is done."""

    def on_interim_look(self, configurations: int, seeds: int) -> None:
        """A confirmation makes the runs of an interim look.

        Args:
            configurations: The number of configurations that are trained.
            seeds: The seeds of each configuration after the look.
        """

    def on_plan(self, trials: int, full_samples: int, expected_samples: int | None) -> None:
        """The trials are about to start.

        Args:
            trials: The number of trials.
            full_samples: The samples of one trial on the full data.
            expected_samples: The expected samples of all trials together, or None if the pruner
                cannot predict them.
        """

    def on_trial_start(self, trial: StartedTrial) -> None:
        """A trial starts, or a paused trial continues."""

    def on_report(self, record: Record) -> None:
        """A trial has reported, and the decision is in the log."""

    def on_logged_report(self, record: Record) -> None:
        """A resumed sweep has read a report of an earlier run from the log."""

    def on_stop(self) -> None:
        """A stop was requested: running trials continue to their next report, no trial starts."""

    def on_training_step(self, seed: int, step: int, steps: int, loss: float | None) -> None:
        """The training of one model has advanced.

        Args:
            seed: The seed of the model.
            step: The optimizer steps so far, of `steps`.
            steps: The optimizer steps of the whole training.
            loss: The mean loss since the last call; None at the start.
        """

    def stop_requested(self) -> bool:
        """Whether the training must save a checkpoint and stop; asked after every slice."""
        return False

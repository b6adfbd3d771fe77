"""The configuration that a sweep recommends, with the facts about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from os.path import lexists
from typing import Self

from class_sweep.config.axes import Value
from class_sweep.config.document import Space, load_space
from class_sweep.errors import ResultsError
from class_sweep.results import formatting
from class_sweep.results.folder import ResultsFolder
from class_sweep.results.provenance import how_to_continue
from class_sweep.results.record import Record
from class_sweep.results.trials import trials_of


@dataclass(frozen=True, repr=False)
class BestConfiguration:
    """The configuration of `best.yaml`: the winner of the confirmation, else the best trial.

    Attributes:
        space: The configuration as a space without axes; `train` takes it.
        name: `trial 3`, or the name of a control.
        trial: The number of its trial; None for a control.
        config: Dotted path of each axis to its value.
        confirmed: Whether a confirmation claims that it is better than the first control, or not
            worse by more than the margin.
        metrics: Metric name to its value on validation: the mean over the seeds of a confirmation,
            else the value of the one run.
        seeds: The number of runs behind `metrics`.
        samples: The samples that one run sees.
        share_of_full_data: `samples` as a fraction of the samples of full data.
    """

    space: Space
    name: str
    trial: int | None
    config: Mapping[str, Value]
    confirmed: bool
    metrics: Mapping[str, float]
    seeds: int
    samples: int
    share_of_full_data: float

    def __repr__(self) -> str:
        schedule = formatting.schedule(self.config) or "no axes"
        state = "confirmed" if self.confirmed else "not confirmed"
        return f"<BestConfiguration {self.name}, {state}: {schedule}>"

    @classmethod
    def of(cls, folder: ResultsFolder) -> Self:
        """Read it from a results folder.

        Raises:
            ResultsError: If no trial has finished yet, or a file is damaged.
        """
        if not folder.best.is_file():
            raise ResultsError(
                f"a sweep must have ended to have a best configuration, got none in {folder.path};"
                f" continue it with: {how_to_continue(folder)}"
            )
        space = load_space(folder.best)
        verdict = folder.read_verdict() if lexists(folder.verdict) else None
        arms = {arm.arm: arm for arm in verdict.arms} if verdict else {}
        if verdict and verdict.winner.arm in arms:
            arm = arms[verdict.winner.arm]
            return cls(
                space=space,
                name=arm.arm,
                trial=arm.trial,
                config=arm.config,
                confirmed=verdict.winner.confirmed,
                metrics={name: spread.mean for name, spread in arm.metrics.items()},
                seeds=len(arm.seeds),
                samples=arm.samples,
                share_of_full_data=arm.share_of_full_data,
            )
        ranked = trials_of(folder.records()).ranked(space.objective)
        if not ranked:
            raise ResultsError(f"a sweep must have a finished trial, got none in {folder.trials}")
        return cls.of_run(space, ranked[0], folder.read_summary().full_samples)

    @classmethod
    def of_run(cls, space: Space, record: Record, full_samples: int) -> Self:
        """The configuration of a finished trial.

        Args:
            space: The configuration as a space without axes.
            record: The last report of the trial.
            full_samples: Samples of one trial over the full data.
        """
        return cls(
            space=space,
            name=f"trial {record.trial}",
            trial=record.trial,
            config=record.config,
            confirmed=False,
            metrics=record.metrics,
            seeds=1,
            samples=record.samples,
            share_of_full_data=record.samples / full_samples,
        )

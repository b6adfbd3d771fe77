"""`warm_start.json`: what a sweep took from earlier sweeps when it began."""

from typing import Self

from pydantic import Field, model_validator

from class_sweep.base.hashing import fingerprint
from class_sweep.results.json_files import Config, ResultsModel, json_tree


class EarlierTrial(ResultsModel):
    """A finished or pruned trial of an earlier sweep, as a configuration of this one.

    Attributes:
        values: Path of each axis of its group to its value.
        full_data: Whether it is told to the search of full data's own trials.
        finished: Whether it ended under the budget of this sweep.
        step: The samples that its value is told at; those of a rung for a pruned trial.
        objective: Its last value.
    """

    values: Config
    full_data: bool
    finished: bool
    step: int
    objective: float


class EarlierSweep(ResultsModel):
    """An earlier sweep that a sweep took trials from.

    Attributes:
        path: Its results folder.
        sweep_id: Its id.
        log_sha256: SHA-256 of its `trials.jsonl`.
        data_sha256: Checksum of its pairs.
        encoder_sha256: Hashes of the files of its encoders.
        trials: The trials that were taken.
        left_out: Finished and pruned trials that are no configurations of this space.
        same_budget: Whether it had the budget of this sweep.
        ended_early: Those of `trials` that ended at their share of full data's samples, which no
            configuration of this sweep does. For the notes at the start; the file lacks it.
    """

    path: str
    sweep_id: str | None
    log_sha256: str
    data_sha256: str
    encoder_sha256: dict[str, str]
    trials: int
    left_out: int
    same_budget: bool
    ended_early: int = Field(default=0, exclude=True)


class WarmStart(ResultsModel):
    """Everything that a sweep took from earlier sweeps; a resumed sweep reads it and not them.

    Attributes:
        sweeps: The earlier sweeps, in the order of `search.warm_start`.
        trials: Their trials, in the order of their logs.
        first: The configurations of the schedules that are tried first, the best first.
        first_full_data: The same of full data's own trials.
        sha256: Hash of all this, so that a resumed sweep finds a changed file; see `sealed`.
    """

    sweeps: list[EarlierSweep] = Field(default_factory=list)
    trials: list[EarlierTrial] = Field(default_factory=list)
    first: list[Config] = Field(default_factory=list)
    first_full_data: list[Config] = Field(default_factory=list)
    sha256: str | None = None

    @model_validator(mode="after")
    def _require_unaltered(self) -> Self:
        if self.sha256 not in {None, self._hash()}:
            raise ValueError("content that has the hash sha256")
        return self

    def sealed(self) -> Self:
        """A copy with its hash, as a results folder keeps it."""
        return self.model_copy(update={"sha256": self._hash()})

    def _hash(self) -> str:
        return fingerprint(json_tree(self) | {"sha256": None})


COLD = WarmStart()
"""What a sweep has that takes nothing from earlier sweeps."""

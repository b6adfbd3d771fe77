"""One line of `trials.jsonl`: what a trial reported, and what was decided on it."""

import json
from dataclasses import asdict, dataclass, field
from typing import ClassVar, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from class_sweep.results.json_files import STRICT, Config, explain

Decision = Literal["continue", "pause", "prune", "finish", "fail"]


@dataclass(frozen=True)
class Record:
    """A report of a trial, with the verdict on it.

    Attributes:
        trial: The trial's number, from 0, in the order of proposal.
        name: The reference schedule that the trial is, such as `paper`, or None.
        identity: Hash of the settings that the result depends on.
        config: The value of every axis (dotted path to value).
        report: The report's number within its trial, from 0.
        step: Optimizer steps so far.
        samples: Samples seen so far.
        rung: The rung that is reached, or None.
        decision: `continue`, `pause` (until no other can take its place), `prune`, `finish`
            (the trial's last report) or `fail`.
        compared: Whether other trials stood at the rung to compare with.
        objective: The value that is optimised; None for a failed report.
        metrics: Every metric, `pool/direction/metric` to value.
        loss: Mean training loss since the report before.
        reason: Why a trial failed.
        seconds: Wall time of training and evaluation since the report before.
        at: When it was written, ISO 8601.
        same_as: The trial whose report this is, where this one would have repeated its every step
            and so was not trained; else None.
        rerun_of: The failed trial that this one tries once more, or None.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    trial: int
    name: str | None
    identity: str
    config: Config
    report: int
    step: int
    samples: int
    rung: int | None
    decision: Decision
    compared: bool
    objective: float | None
    metrics: dict[str, float] = field(default_factory=dict)
    loss: float | None = None
    reason: str | None = None
    seconds: float = 0.0
    at: str = ""
    same_as: int | None = None
    rerun_of: int | None = None

    @property
    def ended(self) -> bool:
        """Whether the trial ends with this report."""
        return self.decision not in {"continue", "pause"}

    def to_json(self) -> str:
        """One line, without its newline."""
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False)

    @staticmethod
    def line_start(trial: int) -> str:
        """How each line of a trial begins, for a quick look through a long log."""
        return f'{{"trial": {trial}, '

    @staticmethod
    def from_json(line: str | bytes) -> "Record":
        """The inverse of `to_json`; keys of a later version are ignored.

        Raises:
            ValueError: If the line is no record; the message names the key.
        """
        try:
            return _RECORD.validate_json(line)
        except ValidationError as error:
            raise ValueError(explain(error)) from None


_RECORD = TypeAdapter(Record)

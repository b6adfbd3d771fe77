"""A line of `trials.jsonl`: a report of a trial and the decision on it."""

import json
from dataclasses import asdict, dataclass, field
from typing import ClassVar, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from class_sweep.results.json_files import STRICT, Config, explain

Decision = Literal["continue", "pause", "prune", "finish", "fail"]


@dataclass(frozen=True)
class Record:
    """A report of a trial and the decision on it.

    Attributes:
        trial: Number of the trial, from 0, in the order of proposal.
        name: Name of the baseline that the trial is (`paper`); None for a searched schedule.
        identity: Hash of the settings that the result depends on.
        config: Dotted path of every axis to its value.
        report: Number of the report within its trial, from 0.
        step: Optimizer steps so far.
        samples: Samples seen so far.
        rung: The rung of the report; None for a report between rungs and at the trial's end.
        decision: `continue`, `pause` (until the trial is promoted or pruned), `prune`, `finish`
            (the last report) or `fail`.
        compared: Whether the report was compared with those of other trials.
        objective: The value that is optimised; None for a failed trial.
        metrics: Every metric, `pool/[direction/]metric` to value.
        loss: Mean training loss since the last report.
        reason: Why the trial failed.
        seconds: Wall time of training and evaluation since the last report.
        at: When the line was written, ISO 8601.
        same_as: The trial whose report a duplicate copies; None for a trained trial.
        rerun_of: The failed trial that this trial runs again.
        tuned: Whether the trial tunes the baseline of its name over the axes outside the
            curriculum, and competes with other such trials.
        share: The share of full data's samples that its pacing is fitted to, and at which it
            competes; None without `search.shares` and for all other trials.
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
    tuned: bool = False
    share: float | None = None

    @property
    def ended(self) -> bool:
        """Whether the trial ends with this report."""
        return self.decision not in {"continue", "pause"}

    def require_next(self, previous: "Record | None") -> None:
        """Check that this is the next report of its trial.

        Args:
            previous: The trial's report before it; None for the first.

        Raises:
            ValueError: If it is not, or belongs to another configuration.
        """
        expected = previous.report + 1 if previous else 0
        if self.report != expected:
            raise ValueError(
                f"trial {self.trial} must continue with report {expected}, got {self.report}"
            )
        if previous is None:
            return
        if previous.ended:
            raise ValueError(f"trial {self.trial} has ended before, and it reports again")
        if (self.identity, self.config) != (previous.identity, previous.config):
            raise ValueError(f"trial {self.trial} must keep its configuration, and it has another")

    def to_json(self) -> str:
        """One line, without its newline."""
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False)

    @staticmethod
    def line_start(trial: int) -> str:
        """The first characters of every line of a trial, to filter a long log quickly."""
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

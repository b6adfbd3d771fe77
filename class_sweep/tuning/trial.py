"""A trial of a sweep and its state. A trial's worker imports this module, so it stays light."""

from dataclasses import dataclass
from enum import Enum

from class_sweep.config.axes import Value
from class_sweep.results.record import Decision, Record


class TrialState(Enum):
    """The state of a trial between its proposal and its end."""

    PROPOSED = "proposed"  # can start: a new trial, or one whose worker or driver was lost
    DUPLICATE = "duplicate"  # waits for the trial of its plan that is being trained
    RUNNING = "running"  # a worker trains it
    PAUSED = "paused"  # stopped at a rung; the pruner may promote it
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether a trial in this state has made its last report."""
        return self in ENDS.values()


ENDS: dict[Decision, TrialState] = {
    "finish": TrialState.COMPLETE,
    "prune": TrialState.PRUNED,
    "fail": TrialState.FAILED,
}
"""The state of a trial after a decision that ends it."""


@dataclass(eq=False)
class Trial:
    """One configuration that is trained once. `TrialLedger` alone changes the last three fields.

    Attributes:
        number: Its number, from 0, in the order of proposal.
        config: The value of every axis (dotted path to value).
        identity: Hash of the settings that the result depends on.
        plan: Equal for trials whose training steps are equal.
        name: The name of the baseline, or None for a schedule that the sampler proposed.
        tuned: Whether the trial tunes the baseline of its name over the other axes.
        rerun_of: The failed trial that this one repeats, or None.
        share: The share of full data's samples that its pacing is fitted to, or None.
        state: The state between its proposal and its end.
        last: Its last record in the log, or None before the first report.
        on_worker: Whether the back end still holds a worker for it.
    """

    number: int
    config: dict[str, Value]
    identity: str
    plan: str
    name: str | None = None
    tuned: bool = False
    rerun_of: int | None = None
    share: float | None = None
    state: TrialState = TrialState.PROPOSED
    last: Record | None = None
    on_worker: bool = False

    @property
    def is_baseline(self) -> bool:
        """Whether it is a named schedule: a baseline is never pruned and never paused."""
        return self.name is not None and not self.tuned

    @property
    def is_copy(self) -> bool:
        """Whether its reports are copies of another trial's."""
        return self.last is not None and self.last.same_as is not None

    @property
    def step(self) -> int:
        """Optimizer steps at its last report in the log, 0 before the first."""
        return self.last.step if self.last else 0


@dataclass(frozen=True)
class TrialReport:
    """One report of a trial, as its worker sends it; see `Record` for the fields."""

    report: int
    step: int
    samples: int
    rung: int | None
    last: bool
    metrics: dict[str, float]
    loss: float | None
    seconds: float = 0.0
    failure: str | None = None
    traceback: str | None = None

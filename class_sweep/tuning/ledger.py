"""What happens to each report: it is judged, then written down, and only then acted on."""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from class_sweep.config.axes import Value
from class_sweep.config.objective import Objective
from class_sweep.errors import StorageError
from class_sweep.results.callback import Callback
from class_sweep.results.folder import ResultsWriter
from class_sweep.results.record import Decision, Record
from class_sweep.tuning.pruners.pruner import Pruner, Verdict


@dataclass(frozen=True)
class Outcome:
    """A trial's own account of one report; see `Record` for the fields."""

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


@dataclass(frozen=True)
class Proposal:
    """A trial to be run: its number, its values, and the reference schedule it may be."""

    trial: int
    config: dict[str, Value]
    identity: str
    name: str | None = None
    rerun_of: int | None = None


class Judge:
    """Decides what each report means for its trial. One per sweep, in the driver."""

    def __init__(
        self, objective: Objective, pruner: Pruner, writer: ResultsWriter, callback: Callback
    ) -> None:
        self._objective = objective
        self._pruner = pruner
        self._writer = writer
        self._callback = callback
        self._proposals: dict[int, Proposal] = {}
        self._paused: set[int] = set()
        self._let_go: set[int] = set()  # of the paused ones, those that go on
        self.last: dict[int, Record] = {}
        self.reports = 0  # written down by this process
        self.broken: StorageError | None = None  # why the log could not be written, if it was so

    def __getstate__(self) -> dict[str, object]:
        """Nothing: Tune snapshots its parts, but the state of a sweep is in its log."""
        return {}

    def replay(self, records: Iterable[Record]) -> None:
        """Take up a log: rungs and verdicts stand as they did when its last line was written."""
        for record in records:
            self._note(record)
            self._callback.on_logged_report(record)
            if record.rung is not None and record.objective is not None:
                self._decide(record.trial, record.name, record.rung, record.objective)
        self._drop()

    def propose(self, proposal: Proposal) -> None:
        """Know a trial before its first report, or let a paused one go on."""
        self._proposals[proposal.trial] = proposal
        self._let_go.add(proposal.trial)
        self._callback.on_trial_start(proposal)

    def receive(self, trial: int, outcome: Outcome) -> Decision:
        """Judge one report, write it down, and say what becomes of the trial."""
        before = self.last.get(trial)
        if trial in self._paused - self._let_go and outcome.failure is None:
            return "pause"  # its worker died as it was being stopped, and Tune began it anew
        if before is not None and outcome.report <= before.report and outcome.failure is None:
            # Trained again after a restart: it stands as it was written, but a trial that was
            # let go on from a pause has it behind it.
            return "continue" if before.decision == "pause" else before.decision
        value = outcome.metrics.get(self._objective.metric)
        failure = outcome.failure
        if failure is None and (value is None or not math.isfinite(value)):
            failure = f"the objective must be a finite number, got {value}"
        if outcome.traceback:
            self._writer.keep_traceback(trial, outcome.traceback)
        decision: Decision = "fail" if failure else "finish" if outcome.last else "continue"
        compared = False
        if decision == "continue" and outcome.rung is not None and value is not None:
            verdict = self._decide(trial, self._proposals[trial].name, outcome.rung, value)
            decision, compared = verdict.fate, verdict.compared
        finite = {name: v for name, v in outcome.metrics.items() if math.isfinite(v)}
        self._write(
            replace(
                self._blank(trial),
                report=max(outcome.report, before.report + 1 if before else 0),
                step=outcome.step,
                samples=outcome.samples,
                rung=outcome.rung if failure is None else None,
                decision=decision,
                compared=compared,
                objective=None if failure else value,
                metrics={} if failure else finite,
                loss=outcome.loss,
                reason=failure,
                seconds=round(outcome.seconds, 3),
            )
        )
        self._drop()
        return decision

    def repeat(self, proposal: Proposal, original: int) -> list[Record]:
        """Write down that a trial is another's again: that one's reports, under its own number.

        They stand on no rung, where the curve counts once.
        """
        trial = proposal.trial
        self.propose(proposal)
        before = self.last.get(trial)  # of a driver that was killed here
        written = before.report if before else -1
        found = []
        for record in self._writer.folder.records_of(original):
            again = replace(
                self._blank(trial),
                report=record.report,
                step=record.step,
                samples=record.samples,
                decision="continue" if record.decision == "pause" else record.decision,
                objective=record.objective,
                metrics=record.metrics,
                loss=record.loss,
                same_as=original,
            )
            found.append(again)
            if again.report > written:
                self._write(again)
        return found

    def fail(self, trial: int, reason: str, traceback: str) -> None:
        """Write down that a trial's process died, again and again; one that has ended stands."""
        self._writer.keep_traceback(trial, traceback)
        before = self.last.get(trial)
        if before is not None and before.ended:
            return
        blank = self._blank(trial)
        if before:
            blank = replace(
                blank, report=before.report + 1, step=before.step, samples=before.samples
            )
        self._write(replace(blank, decision="fail", reason=reason))

    def free(self, paused: Collection[int], under_way: Iterable[int]) -> list[int]:
        """Those of the paused trials that may go on; see `Pruner.free`."""
        return self._pruner.free(paused, under_way)

    def _decide(self, trial: int, name: str | None, rung: int, value: float) -> Verdict:
        score = self._objective.sign * value
        return self._pruner.decide(trial, rung, score, reference=name is not None)

    def _drop(self) -> None:
        """Write down which paused trials have lost their place to better ones."""
        for trial in sorted(self._paused - self._pruner.waiting):
            before = self.last[trial]
            self._write(
                replace(
                    before,
                    report=before.report + 1,
                    rung=None,
                    decision="prune",
                    compared=True,
                    loss=None,
                    seconds=0.0,
                    at=_now(),
                )
            )

    def _note(self, record: Record) -> None:
        self.last[record.trial] = record
        self._let_go.discard(record.trial)
        if record.decision == "pause":
            self._paused.add(record.trial)
        else:
            self._paused.discard(record.trial)

    def _blank(self, trial: int) -> Record:
        known = self._proposals[trial]
        return Record(
            trial=trial,
            name=known.name,
            identity=known.identity,
            config=known.config,
            report=0,
            step=0,
            samples=0,
            rung=None,
            decision="continue",
            compared=False,
            objective=None,
            at=_now(),
            rerun_of=known.rerun_of,
        )

    def _write(self, record: Record) -> None:
        try:
            self._writer.append(record)
        except StorageError as error:
            self.broken = error  # Tune wraps what is raised here in a traceback of its own
            raise
        self._note(record)
        self.reports += 1
        self._callback.on_report(record)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")

"""The tuner: selects the next trial to start, and decides on every report.

A back end runs the trials. For a free worker it asks for a trial. It tells each report and acts
on the decision, and it releases a trial whose worker is free again.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from class_sweep.config.objective import Objective
from class_sweep.results.record import Decision, Record
from class_sweep.results.trials import reports_by_trial
from class_sweep.tuning.common_failure import CommonFailure, dependent_reasons
from class_sweep.tuning.ledger import TrialLedger, blank_record, now
from class_sweep.tuning.pruner_groups import PrunerGroups
from class_sweep.tuning.pruners.pruner import PruningDecision
from class_sweep.tuning.study import Study
from class_sweep.tuning.trial import Trial, TrialReport, TrialState


class NoTrial(Enum):
    """Why `SweepTuner.ask` returns no trial."""

    WAIT = "wait"  # running trials may make one available; ask again after the next report
    FINISHED = "finished"  # this round starts no more trials


_COST_OF_A_DEATH = 10  # in units of a death for want of memory, which another program may cause


def _all_left(trials: int) -> int:
    return trials


def _all_wanted(proposed: int) -> float:  # noqa: ARG001 - see `Limits.trials`
    return math.inf


@dataclass(frozen=True)
class Limits:
    """How many trials run at once, and when a trial has failed.

    Attributes:
        slots: Returns how many trials may hold a worker now, from the number of trials that are
            left; by default all. 0 stops the sweep: no further trial starts.
        retries: How often a trial starts again after deaths of its worker between two reports.
        failures: No trial starts after the first trials of a run, as many as this, have all failed
            for one reason; by default there is no limit.
        trials: Returns how many trials the sweep can have, from the number proposed so far; by
            default all that the study wants. Below that number, paused trials are promoted as in a
            sweep of so few trials.
    """

    slots: Callable[[int], int] = _all_left
    retries: int = 0
    failures: float = math.inf
    trials: Callable[[int], float] = _all_wanted


class SweepTuner:
    """Proposes trials and decides on their reports; one per sweep, in the driver.

    The state of a sweep is in the log and the study: a tuner over the same two continues where the
    last one ended. Every decision is in the log before `tell` returns it.
    """

    def __init__(
        self,
        objective: Objective,
        study: Study,
        ledger: TrialLedger,
        pruners: PrunerGroups,
        *,
        records: Sequence[Record] = (),
        limits: Limits = Limits(),
    ) -> None:
        """Read the study and the log of an earlier run.

        Args:
            objective: What the sweep optimises.
            study: The source of the trials.
            ledger: The ledger, empty.
            pruners: The pruners, without reports.
            records: The log so far.
            limits: How many trials run at once, and when a trial has failed.
        """
        self.ledger = ledger
        self._objective, self._study, self._pruners = objective, study, pruners
        self._limits = limits
        self._expected: tuple[int, float] | None = None  # see `_expect`
        self._failures = CommonFailure(limits.failures, dependent_reasons(records))
        # By trial: the tracebacks and costs of the deaths of its workers since its last report.
        self._deaths: dict[int, list[tuple[str, int]]] = {}
        for trial in study.stored():
            ledger.add(trial)
        records = list(records)
        for record in records:
            ledger.fold(record)
            if record.rung is not None and record.objective is not None:
                self._decide(ledger[record.trial], record.rung, record.objective)
        for reports in reports_by_trial(records).values():
            study.tell(*reports)
        self._prune_evicted()

    @property
    def left(self) -> int:
        """The number of trials that have not ended, proposed or not."""
        return self.ledger.unfinished + max(0, self._wanted - self.ledger.proposed)

    @property
    def _wanted(self) -> int:
        """The number of trials to propose, without reruns."""
        limit = self._limits.trials(self.ledger.proposed)
        return int(min(self._study.trials_wanted, limit))

    @property
    def common_failure(self) -> CommonFailure | None:
        """The failure that all trials of this run share, if it stops the run."""
        return self._failures if self._failures.reason else None

    def rerun(self, failed: Iterable[Record]) -> None:
        """Propose failed trials again, each as a new trial; a rerun that exists is continued."""
        for record in failed:
            if self.ledger.rerun_of(record.trial) is None:
                self.ledger.add(self._study.propose_again(record))

    def begin_round(self) -> None:
        """Free all workers of an earlier round; its unfinished trials can start again."""
        for trial in list(self.ledger.on_worker):
            self.ledger.release(trial)

    def ask(self) -> Trial | NoTrial:
        """The next trial to start: a proposed one, a new proposal, or a promoted paused trial.

        A trial that has lost its worker is a proposed one, so it continues before anything else
        starts: with one slot the log does not depend on deaths of workers. The pruner is asked for
        paused trials once all trials have been proposed. Duplicates do not start: they get the
        reports of the trial that has their plan.
        """
        while slots := self._limits.slots(self.left):
            if len(self.ledger.on_worker) >= slots:
                return NoTrial.WAIT
            if self.common_failure:  # a running trial may still show that others can work
                return NoTrial.WAIT if self.ledger.on_worker else NoTrial.FINISHED
            trial = self._next_proposed()
            if trial is None:
                return self._promote()
            if not self._is_duplicate(trial):
                self.ledger.start(trial)
                return trial
        return NoTrial.FINISHED

    def tell(self, number: int, report: TrialReport) -> Decision:
        """Decide on a report of a trial, write it down, and return the decision.

        A report that is already in the log changes nothing. Neither does a report of a trial that
        is not running: its worker has to stop.

        Raises:
            StorageError: If the log cannot be written.
        """
        trial = self.ledger[number]
        if trial.last is not None and trial.state.ended:
            return trial.last.decision
        if trial.state is not TrialState.RUNNING:
            return "pause"
        last = trial.last
        if last is not None and report.report <= last.report and report.failure is None:
            return "continue"  # trained again after a restart
        if report.traceback:
            self.ledger.keep_traceback(trial, report.traceback)
        record = self._record_of(trial, report)
        self._write(record)
        self._settle(trial)
        return record.decision

    def worker_died(
        self, number: int, reason: str, traceback: str, *, short_of_memory: bool = False
    ) -> None:
        """Free the dead worker of a trial. The trial can start again, or it has failed.

        Args:
            number: The trial's number.
            reason: Why the worker died; the reason of the trial if this was its last retry.
            traceback: Kept in the results folder if the trial fails.
            short_of_memory: Whether it was ended because its machine was short of memory. Such a
                death costs a tenth of a retry: another program may have taken the memory.
        """
        trial = self.ledger[number]
        if trial.state is TrialState.RUNNING:
            deaths = self._deaths.setdefault(number, [])
            deaths.append((traceback, 1 if short_of_memory else _COST_OF_A_DEATH))
            if sum(cost for _, cost in deaths) > self._limits.retries * _COST_OF_A_DEATH:
                self.ledger.keep_traceback(trial, "\n".join(text for text, _ in deaths))
                self._fail(trial, reason)
        self.ledger.release(trial)

    def _fail(self, trial: Trial, reason: str) -> None:
        """End a trial without a report."""
        record = blank_record(trial)
        if trial.last is not None:
            record = replace(
                record,
                report=trial.last.report + 1,
                step=trial.last.step,
                samples=trial.last.samples,
            )
        self._write(replace(record, decision="fail", reason=reason))
        self._settle(trial)

    def release(self, number: int) -> None:
        """Free the worker of a trial. A trial that was still running can start again."""
        self.ledger.release(self.ledger[number])

    def _next_proposed(self) -> Trial | None:
        proposed = self.ledger.in_state(TrialState.PROPOSED)
        if proposed:
            return proposed[min(proposed)]
        index = self.ledger.proposed
        if index >= self._wanted:
            return None
        previous = self.ledger.last_proposed() if index else None
        trial = self._study.propose(index, previous)
        self.ledger.add(trial)
        return trial

    def _promote(self) -> Trial | NoTrial:
        """The first paused trial that the pruner promotes."""
        ledger = self.ledger
        self._expect(self._limits.trials(ledger.proposed))
        busy = list(ledger.on_worker)
        paused = [t for t in ledger.in_state(TrialState.PAUSED).values() if not t.on_worker]
        promotable = self._pruners.promotable(paused, busy)
        if not promotable:
            return NoTrial.WAIT if ledger.on_worker else NoTrial.FINISHED
        trial = ledger[promotable[0]]
        ledger.start(trial)
        return trial

    def _expect(self, limit: float) -> None:
        """Prune as in a sweep of so many trials, or of the proposed ones if these are fewer."""
        proposed = self.ledger.proposed
        if math.isinf(limit) or not proposed or self._expected == (proposed, limit):
            return
        self._expected = proposed, limit
        trials = (trial for trial in self.ledger.trials() if trial.rerun_of is None)
        self._pruners.expect(trials, min(1.0, limit / proposed))
        for trial in self._prune_evicted():
            self._end_duplicates(trial)

    def _is_duplicate(self, trial: Trial) -> bool:
        """Whether a trial is a duplicate; it then gets copied reports, or waits for them."""
        if trial.last is not None and not trial.is_copy:  # begun before it could be a duplicate
            return False
        if self._copy(trial):
            return True
        if trial.is_baseline or self.ledger.trainer_of(trial) is None:
            return False
        self.ledger.hold(trial)
        return True

    def _copy(self, trial: Trial) -> bool:
        """End a trial with copies of its original's reports; return whether it has an original."""
        original = self.ledger.original_of(trial)
        if original is None:
            return False
        self._study.tell(*self.ledger.copy(trial, original))
        return True

    def _record_of(self, trial: Trial, report: TrialReport) -> Record:
        """The record of a report, with the decision."""
        value, failure = report.metrics.get(self._objective.metric), report.failure
        if failure is None and (value is None or not math.isfinite(value)):
            failure = f"the objective must be a finite number, got {value}"
        decision: Decision = "fail" if failure else "finish" if report.last else "continue"
        compared = False
        if decision == "continue" and report.rung is not None and value is not None:
            pruning = self._decide(trial, report.rung, value)
            decision, compared = pruning.decision, pruning.compared
        finite = {name: v for name, v in report.metrics.items() if math.isfinite(v)}
        return replace(
            blank_record(trial),
            # Not the worker's number: a trial that fails in the step of a report has counted it.
            report=trial.last.report + 1 if trial.last else 0,
            step=report.step,
            samples=report.samples,
            rung=report.rung if failure is None else None,
            decision=decision,
            compared=compared,
            objective=None if failure else value,
            metrics={} if failure else finite,
            loss=report.loss,
            reason=failure,
            seconds=round(report.seconds, 3),
        )

    def _decide(self, trial: Trial, rung: int, value: float) -> PruningDecision:
        return self._pruners.decide(trial, rung, self._objective.sign * value)

    def _settle(self, trial: Trial) -> None:
        """End what a record of a trial ends: evicted trials first, then duplicates.

        A resumed sweep ends them in the same order.
        """
        for ended in [trial, *self._prune_evicted()]:
            if ended.state.ended:
                self._end_duplicates(ended)

    def _prune_evicted(self) -> list[Trial]:
        """End the paused trials that better ones have evicted from their rung; return them."""
        paused = self.ledger.in_state(TrialState.PAUSED)
        evicted = [paused[number] for number in sorted(paused.keys() - self._pruners.paused)]
        for trial in evicted:
            last = trial.last
            assert last is not None  # noqa: S101 - a paused trial has reported
            self._write(
                replace(
                    last,
                    report=last.report + 1,
                    rung=None,
                    decision="prune",
                    compared=True,
                    loss=None,
                    seconds=0.0,
                    at=now(),
                )
            )
        return evicted

    def _write(self, record: Record) -> None:
        """Write a record to the log, then tell the study."""
        self.ledger.append(record)
        self._deaths.pop(record.trial, None)
        if record.objective is not None:
            self._failures.add(None)
        elif record.reason:
            self._failures.add(record.reason)
        self._study.tell(record)

    def _end_duplicates(self, ended: Trial) -> None:
        """Give the duplicates of an ended trial its reports; if it has failed, they can start."""
        duplicates = self.ledger.in_state(TrialState.DUPLICATE).values()
        for trial in [trial for trial in duplicates if trial.plan == ended.plan]:
            if not self._copy(trial):
                self.ledger.requeue(trial)

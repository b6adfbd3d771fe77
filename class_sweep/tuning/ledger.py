"""The ledger: the only holder of a sweep's trials, and a fold over `trials.jsonl`."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from class_sweep.errors import ResultsError
from class_sweep.results.callback import Callback
from class_sweep.results.record import Record
from class_sweep.tuning.trial import ENDS, Trial, TrialState


class TrialLog(Protocol):
    """Where the ledger writes its records; `ResultsWriter` is one."""

    def append(self, record: Record) -> None:
        """Store a record durably before returning.

        Raises:
            StorageError: If the record cannot be stored.
        """

    def records_of(self, trial: int) -> list[Record]:
        """The stored records of one trial."""

    def keep_traceback(self, trial: int, text: str) -> object:
        """Store the traceback of a failure."""


class MemoryLog:
    """A log in memory, for a simulated sweep.

    Attributes:
        records: All records in their order.
    """

    def __init__(self) -> None:
        self.records: list[Record] = []

    def append(self, record: Record) -> None:
        """Keep a record."""
        self.records.append(record)

    def records_of(self, trial: int) -> list[Record]:
        """The records of one trial."""
        return [record for record in self.records if record.trial == trial]

    def keep_traceback(self, trial: int, text: str) -> None:
        """Drop the traceback."""


class TrialLedger:
    """Holds every trial of a sweep. A record is written to the log before it changes a trial.

    Reading the same log again gives the same trials: a resumed sweep calls `fold` for each line.

    Attributes:
        written: The number of records that this process has written.
    """

    def __init__(self, log: TrialLog, callback: Callback) -> None:
        self.written = 0
        self._log = log
        self._callback = callback
        self._trials: dict[int, Trial] = {}
        # Indexes into the trials: a search of all trials at each call would slow a long sweep down.
        self._by_state: dict[TrialState, dict[int, Trial]] = {state: {} for state in TrialState}
        self._trained: dict[str, list[Trial]] = {}  # by plan, without copies
        self._on_worker: dict[int, Trial] = {}
        self._reruns = 0

    def __getitem__(self, number: int) -> Trial:
        """The trial of a number."""
        return self._trials[number]

    def __len__(self) -> int:
        """The number of trials."""
        return len(self._trials)

    def trials(self) -> Collection[Trial]:
        """All trials in the order of proposal."""
        return self._trials.values()

    @property
    def proposed(self) -> int:
        """The number of trials without reruns."""
        return len(self._trials) - self._reruns

    @property
    def unfinished(self) -> int:
        """The number of trials that have not ended."""
        return len(self._trials) - sum(len(self._by_state[state]) for state in ENDS.values())

    @property
    def on_worker(self) -> Collection[Trial]:
        """The trials that hold a worker of the back end."""
        return self._on_worker.values()

    def in_state(self, state: TrialState) -> dict[int, Trial]:
        """The trials in a state by number; read only."""
        return self._by_state[state]

    def last_proposed(self) -> Trial:
        """The newest trial that is not a rerun."""
        return next(t for t in reversed(self._trials.values()) if t.rerun_of is None)

    def rerun_of(self, number: int) -> Trial | None:
        """The rerun of a failed trial, or None."""
        if not self._reruns:
            return None
        return next((t for t in self._trials.values() if t.rerun_of == number), None)

    def original_of(self, trial: Trial) -> Trial | None:
        """The ended trial that a duplicate copies: a complete one, else a pruned one.

        A baseline needs a complete curve. A trial that is pruned among the trials of its group may
        not be pruned among those of another.
        """
        trained = self._trained.get(trial.plan, ())
        complete = (t for t in trained if t.state is TrialState.COMPLETE)
        pruned = (t for t in trained if t.state is TrialState.PRUNED and _may_wait(trial, t))
        return next(complete, None) or next(pruned, None)

    def trainer_of(self, trial: Trial) -> Trial | None:
        """The other unfinished trial whose reports a trial can wait for, or None."""
        trained = self._trained.get(trial.plan, ())
        others = (t for t in trained if not t.state.ended and t is not trial)
        return next((t for t in others if t.is_baseline or _may_wait(trial, t)), None)

    def add(self, trial: Trial) -> None:
        """Add a trial that the study has stored."""
        self._trials[trial.number] = trial
        self._reruns += trial.rerun_of is not None
        self._by_state[trial.state][trial.number] = trial

    def fold(self, record: Record) -> None:
        """Read a record of an earlier run.

        Raises:
            ResultsError: If the study does not have the trial.
        """
        if record.trial not in self._trials:
            raise ResultsError(
                "study.db must hold every trial of trials.jsonl, but it has no trial"
                f" {record.trial}; restore study.db from the copy that the log comes from"
            )
        self._apply(record)
        self._callback.on_logged_report(record)

    def append(self, record: Record) -> None:
        """Write a record to the log, then apply it.

        Raises:
            StorageError: If it cannot be written; the trial is unchanged then.
        """
        self._log.append(record)
        self._apply(record)
        self.written += 1
        self._callback.on_report(record)

    def start(self, trial: Trial) -> None:
        """Note that a worker starts or continues a trial."""
        self._move(trial, TrialState.RUNNING)
        self._add_trained(trial)
        trial.on_worker = True
        self._on_worker[trial.number] = trial
        self._callback.on_trial_start(trial)

    def release(self, trial: Trial) -> None:
        """Free the worker of a trial; a trial that was still running can start again."""
        trial.on_worker = False
        self._on_worker.pop(trial.number, None)
        if trial.state is TrialState.RUNNING:
            self._move(trial, TrialState.PROPOSED)

    def hold(self, trial: Trial) -> None:
        """Let a duplicate wait for the trial that trains its plan."""
        self._move(trial, TrialState.DUPLICATE)

    def requeue(self, trial: Trial) -> None:
        """Let a trial start again."""
        self._move(trial, TrialState.PROPOSED)

    def copy(self, trial: Trial, original: Trial) -> list[Record]:
        """Write the reports of another trial under the number of a duplicate.

        The copies have no rung, so that each curve counts once there. If an earlier driver has
        written some of the copies, the others are added.

        Returns:
            All records of the duplicate.
        """
        self._callback.on_trial_start(trial)
        written = trial.last.report if trial.last else -1
        copies = []
        for record in self._log.records_of(original.number):
            duplicate = replace(
                blank_record(trial),
                report=record.report,
                step=record.step,
                samples=record.samples,
                decision="continue" if record.decision == "pause" else record.decision,
                objective=record.objective,
                metrics=record.metrics,
                loss=record.loss,
                same_as=original.number,
            )
            copies.append(duplicate)
            if duplicate.report > written:
                self.append(duplicate)
        return copies

    def keep_traceback(self, trial: Trial, text: str) -> None:
        """Store why a trial failed."""
        self._log.keep_traceback(trial.number, text)

    def _apply(self, record: Record) -> None:
        trial = self._trials[record.trial]
        trial.last = record
        if record.same_as is None:
            self._add_trained(trial)
        if record.decision in ENDS:
            self._move(trial, ENDS[record.decision])
        elif record.decision == "pause":
            self._move(trial, TrialState.PAUSED)
        elif trial.state is TrialState.PAUSED:  # an earlier run has promoted it
            self._move(trial, TrialState.PROPOSED)

    def _move(self, trial: Trial, state: TrialState) -> None:
        del self._by_state[trial.state][trial.number]
        trial.state = state
        self._by_state[state][trial.number] = trial

    def _add_trained(self, trial: Trial) -> None:
        trained = self._trained.setdefault(trial.plan, [])
        if trial not in trained:
            trained.append(trial)


def _may_wait(duplicate: Trial, other: Trial) -> bool:
    """Whether a duplicate may have the end of another trial that is not sure to be complete."""
    same = (duplicate.name, duplicate.share) == (other.name, other.share)
    return not duplicate.is_baseline and same


def blank_record(trial: Trial) -> Record:
    """A record of a trial before its first step."""
    return Record(
        trial=trial.number,
        name=trial.name,
        identity=trial.identity,
        config=trial.config,
        report=0,
        step=0,
        samples=0,
        rung=None,
        decision="continue",
        compared=False,
        objective=None,
        at=now(),
        rerun_of=trial.rerun_of,
        tuned=trial.tuned,
        share=trial.share,
    )


def now() -> str:
    """The time in UTC, ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")

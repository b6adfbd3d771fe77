"""Finalists and controls trained again, look by look, and the verdict on them."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from class_sweep.base.files import write_atomic
from class_sweep.config.document import Space
from class_sweep.config.identity import identity
from class_sweep.confirmation.arms import Arm, Arms, make_arms
from class_sweep.confirmation.paired_runs import Job, Trained, retrain
from class_sweep.confirmation.verdict import Evidence, make_verdict
from class_sweep.errors import ConfigError, InterruptedSweepError, SweepError
from class_sweep.execution.cluster.trial_slots import TrialSlots
from class_sweep.execution.interrupts import StopRequest
from class_sweep.preparation.prepare import Clock, Prepared
from class_sweep.results.callback import Callback
from class_sweep.results.confirmation_log import ConfirmLog, ConfirmRun
from class_sweep.results.curves import SEED
from class_sweep.results.export import config_yaml
from class_sweep.results.folder import ResultsWriter
from class_sweep.results.summary import ConfirmationSummary, SweepSummary
from class_sweep.results.trials import trials_of
from class_sweep.results.verdict import Verdict
from class_sweep.statistics.sequential import Progress, follow

log = logging.getLogger(__name__)


def confirm_sweep(
    space: Space,
    writer: ResultsWriter,
    prepared: Prepared,
    clock: Clock,
    callback: Callback,
    slots: TrialSlots,
    summary: SweepSummary,
    again: str = "resume",
) -> SweepSummary:
    """Confirm a finished sweep: what is left of it, the verdict, the winner's `best.yaml`.

    Args:
        space: Of the sweep; its `confirm` says what is run.
        writer: Of its folder.
        prepared: What the runs read.
        clock: Times the stage.
        callback: Receives each interim look and its progress.
        slots: How many runs may be under way at a time.
        summary: Of the finished sweep.
        again: The command that goes on after an interruption.

    Returns:
        The summary, with the verdict in short.

    Raises:
        InterruptedSweepError: On Ctrl-C; no finished run is made again.
        SweepError: If every run failed.
    """
    folder = writer.folder
    ranked = trials_of(folder.records()).ranked(space.objective)
    arms = make_arms(space, ranked, prepared.features, space.settings.confirm)
    work = _Work(space, arms, writer)
    stop = StopRequest()
    with clock.stage("confirm", callback), stop.listening(callback.on_stop):
        progress = work.go_on(prepared, callback, stop, slots)
        if stop.asked:
            raise stop.reason or InterruptedSweepError(folder.path, again)
        verdict = make_verdict(space, arms, progress, work.evidence, summary.full_samples)
    writer.write_verdict(verdict)
    if verdict.winner.arm is not None:
        _write_best(space, writer, arms.arms[verdict.winner.arm], verdict)
    summary = summary.model_copy(
        update={
            "state": "finished",
            "confirm": ConfirmationSummary.of(verdict),
            "seconds": clock.seconds,
        }
    )
    writer.write_summary(summary)
    return summary


def confirming(space: Space, changes: Mapping[str, int]) -> Space:
    """A space under other settings of `confirm`.

    Raises:
        ConfigError: If they break a rule, or there is nothing to confirm.
    """
    if space.settings.search.record:
        raise ConfigError(f"{space.name}: a recording has no winner to confirm")
    settings = space.resolve({f"confirm.{name}": value for name, value in changes.items()})
    if not settings.confirm.finalists:
        raise ConfigError(
            "confirm.finalists must be at least 1, got 0; name how many with --finalists"
        )
    return replace(space, settings=settings)


def confirm_seeds(space: Space, n: int) -> list[int]:
    """Seeds that the sweep did not use: those after its own."""
    return [(space.settings.search.seed + 1 + i) % 2**32 for i in range(n)]


class _Work:
    """The runs of a confirmation: those that the log has, and those still to be made."""

    def __init__(self, space: Space, arms: Arms, writer: ResultsWriter) -> None:
        self._space, self._arms, self._writer = space, arms, writer
        self._log = ConfirmLog(writer.folder)
        self._wanted = space.settings.confirm
        seeds = confirm_seeds(space, self._wanted.max_seeds)
        self._runs: dict[tuple[str, int], ConfirmRun] = {}
        known = self._log.runs()
        for arm in arms.arms.values():
            for number, seed in enumerate(seeds):
                run = known.get(self._identity(arm, seed))
                if run is not None and run.reason is None:  # one that failed is tried once more
                    self._runs[arm.name, number] = run
        self.evidence = Evidence(seeds, self._runs, self._log.ranks)

    def go_on(
        self, prepared: Prepared, callback: Callback, stop: StopRequest, slots: TrialSlots
    ) -> Progress:
        """Run what each look wants until nothing is, or a stop is asked for."""
        progress = self._progress()
        while progress.wanted and not stop.asked:
            arms = len({arm for arm, _ in progress.wanted})
            callback.on_stage(f"confirming {arms} configurations under {progress.seeds} seeds")
            jobs = {
                Job(arm, self._arms.arms[arm].values, self.evidence.seeds[number]): (arm, number)
                for arm, number in progress.wanted
            }
            for done, (job, trained) in enumerate(
                retrain(list(jobs), self._space, prepared.shared, "validation", stop, slots),
                start=1,
            ):
                self._runs[jobs[job]] = self._keep(job, trained)
                callback.on_progress(done, len(jobs))
            progress = self._progress()
        self._log.close()
        if self._runs and all(run.reason for run in self._runs.values()):
            reasons = {str(run.reason) for run in self._runs.values()}
            raise SweepError(
                f"no run of the confirmation finished: {'; '.join(sorted(reasons))}"
                f" ({self._writer.folder.path})"
            )
        return progress

    def _progress(self) -> Progress:
        if not self._arms.pairs:
            return Progress({}, [], 0)
        objective = self._space.objective
        values: dict[str, dict[int, float | None]] = {}
        for (arm, number), run in self._runs.items():
            value = None if run.reason else objective.sign * run.metrics[objective.metric]
            values.setdefault(arm, {})[number] = value
        return follow(
            self._arms.pairs,
            values,
            seeds=self._wanted.seeds,
            max_seeds=self._wanted.max_seeds,
        )

    def _keep(self, job: Job, trained: Trained) -> ConfirmRun:
        run = ConfirmRun(
            identity=self._identity(self._arms.arms[job.arm], job.seed),
            arm=job.arm,
            seed=job.seed,
            samples=trained.samples,
            seconds=trained.seconds,
            metrics=trained.metrics,
            reason=trained.reason,
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        )
        if run.reason:
            log.warning("%s failed under seed %d: %s", run.arm, run.seed, run.reason)
        if trained.traceback:
            self._writer.keep_traceback(f"confirm-{run.identity}", trained.traceback)
        self._log.append(run, trained.ranks)
        return run

    def _identity(self, arm: Arm, seed: int) -> str:
        return identity(self._space.resolve({**arm.values, SEED: seed}))


def _write_best(space: Space, writer: ResultsWriter, arm: Arm, verdict: Verdict) -> None:
    head = [
        f"Written by class-sweep. {verdict.winner.words}",
        f"{arm.name}: {arm.samples} samples, retrained under {len(verdict.seeds)} seeds",
    ]
    write_atomic(writer.folder.best, config_yaml(space, arm.values, head))

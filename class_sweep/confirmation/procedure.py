"""The confirmation: it trains finalists and controls again, one interim look after another."""

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from class_sweep.config.document import SEED, Space
from class_sweep.config.identity import identity
from class_sweep.config.objective import margin_problem, metric_resolution, signed_margin
from class_sweep.confirmation.arms import Arm, ConfirmationPlan, plan_confirmation
from class_sweep.confirmation.family import KeptFamily
from class_sweep.confirmation.margin import require_small_margin
from class_sweep.confirmation.paired_runs import Job, Trained, retrain
from class_sweep.confirmation.verdict import Evidence, make_verdict
from class_sweep.errors import (
    ConfigError,
    InterruptedSweepError,
    ResultsError,
    SweepError,
    command_line,
)
from class_sweep.execution.context import SweepContext
from class_sweep.results.confirmation_log import ConfirmationLog, ConfirmationRun
from class_sweep.results.folder import ResultsFolder
from class_sweep.results.provenance import how_to_continue
from class_sweep.results.space_files import config_yaml, samples_of_full_data
from class_sweep.results.summary import ConfirmationSummary, SweepSummary
from class_sweep.results.trials import trials_of
from class_sweep.results.verdict import Verdict
from class_sweep.statistics.recorded_ranks import require_ranks_fit
from class_sweep.statistics.sequential import DecisionRule, Progress, evaluate_looks
from class_sweep.tuning.common_failure import CommonFailure

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ConfirmOptions:
    """Changes of a space's `confirm` settings; None keeps the space's value.

    Attributes:
        finalists: Number of finalists.
        seeds: Seeds of every comparison before it may be closed as hopeless or trailing.
        max_seeds: The last interim look; unless given, the space's, or `seeds` where these are
            more.
        margin: Loss within which a finalist counts as not worse; 0 for no margin.
        prefer: Which finalist wins.
        full_data_frontier: Shares of full data's samples at which it is also ended.
        test: Whether to read the test split after the confirmation.
    """

    finalists: int | None = None
    seeds: int | None = None
    max_seeds: int | None = None
    margin: float | None = None
    prefer: str | None = None
    full_data_frontier: list[float] | None = None
    test: bool = False


def confirmation_space(space: Space, options: ConfirmOptions) -> Space:
    """The space with changed `confirm` settings.

    Raises:
        ConfigError: If the settings break a rule, or there is nothing to confirm.
    """
    if space.settings.search.record:
        raise ConfigError(f"{space.name}: a recording has no winner to confirm")
    changes: dict[str, Any] = {
        f"confirm.{name}": value
        for name, value in asdict(options).items()
        if name != "test" and value is not None
    }
    if options.max_seeds is None and options.seeds is not None:
        changes["confirm.max_seeds"] = max(options.seeds, space.settings.confirm.max_seeds)
    if options.margin == 0:
        changes["confirm.margin"] = None
    settings = space.resolve(changes)
    margin = settings.confirm.margin
    if margin is not None and (broken := margin_problem(space.objective.metric, margin)):
        raise ConfigError(f"{space.place('confirm.margin')}: {broken}")
    if not settings.confirm.finalists:
        raise ConfigError(
            "confirm.finalists must be at least 1, got 0; name how many with --finalists"
        )
    return space.changed(settings=settings)


def require_finished(folder: ResultsFolder, space: Space) -> SweepSummary:
    """The summary of a sweep whose trials have ended.

    Raises:
        ResultsError: If some trials have not ended.
    """
    summary, wanted = folder.read_summary(), folder.trials_wanted(space.settings.search.runs)
    state, missing = summary.state, trials_of(folder.records()).missing(wanted)
    if state not in {"finished", "confirming"} or missing:
        found = f"{missing} of {wanted} trials have not ended" if missing else state
        raise ResultsError(
            f"a sweep must be finished to be confirmed: {folder.path}: {found};"
            f" continue it with: {how_to_continue(folder)}"
        )
    return summary


def confirm_sweep(
    context: SweepContext, summary: SweepSummary, *, command: str = "resume"
) -> SweepSummary:
    """Complete a confirmation; write `verdict.json`, `best.yaml` and `summary.json`.

    Args:
        context: The sweep; the `confirm` settings of its space define the confirmation.
        summary: The summary of its trials.
        command: The command that continues after an interruption.

    Returns:
        The summary with a short form of the verdict.

    Raises:
        ConfigError: If the margin is too large.
        InterruptedSweepError: On Ctrl-C; finished runs are not run again.
        SweepError: If every run failed.
    """
    space, writer = context.space, context.writer
    records = context.folder.records()
    require_small_margin(space, records)
    ranked = trials_of(records).ranked(space.objective)
    confirmation_log = ConfirmationLog(context.folder)
    family = KeptFamily(context.folder, confirmation_log)
    wanted = space.settings.confirm
    planned = wanted.model_copy(update={"finalists": max(wanted.finalists, len(family.finalists))})
    plan = plan_confirmation(space, ranked, context.prepared.features, planned)
    runs = _ConfirmationRuns(context, plan, confirmation_log, family, command)
    with context.stage("confirm"):
        progress = runs.complete()
        if context.stop.asked:
            raise context.stop.reason or InterruptedSweepError(context.folder.path, command)
        if runs.out_of_time and not runs.evidence.runs:
            return _unconfirmed(context, summary)
        full_samples, trials = summary.full_samples, summary.trials.wanted
        verdict = make_verdict(space, plan, progress, runs.evidence, full_samples, trials=trials)
    writer.write_verdict(verdict)
    if verdict.winner.arm is not None:
        _write_best(context, plan.arms[verdict.winner.arm], verdict, summary.full_samples)
    summary = summary.model_copy(
        update={
            "state": "finished",
            "confirm": ConfirmationSummary.of(verdict),
            "seconds": context.clock.seconds,
        }
    )
    writer.write_summary(summary)
    return summary


def _unconfirmed(context: SweepContext, summary: SweepSummary) -> SweepSummary:
    """The summary of a sweep whose time was up before a run of its confirmation."""
    command = command_line("confirm", context.folder.path)
    warning = f"search.hours left no time for a confirmation: confirm it with: {command}"
    changes = {
        "state": "finished",
        "warnings": [*summary.warnings, warning],
        "seconds": context.clock.seconds,
    }
    summary = summary.model_copy(update=changes)
    context.writer.write_summary(summary)
    return summary


def confirmation_seeds(space: Space, n: int) -> list[int]:
    """The n seeds that follow the seed of the sweep."""
    return [(space.settings.search.seed + 1 + i) % 2**32 for i in range(n)]


class _ConfirmationRuns:
    """The runs of a confirmation: it reads the logged runs and makes the missing ones."""

    def __init__(
        self,
        context: SweepContext,
        plan: ConfirmationPlan,
        log: ConfirmationLog,
        family: KeptFamily,
        command: str,
    ) -> None:
        self._context, self._plan, self._command = context, plan, command
        self._log, self._family = log, family
        self._failures = CommonFailure()
        self.out_of_time = False
        self._settings = context.space.settings.confirm
        seeds = confirmation_seeds(context.space, self._settings.max_seeds)
        self._runs: dict[tuple[str, int], ConfirmationRun] = {}
        logged = self._log.runs()
        require_ranks_fit(self._log, logged.values())
        for arm in plan.arms.values():
            for number, seed in enumerate(seeds):
                run = logged.get(self._identity(arm, seed))
                if run is not None and run.reason is None:  # a failed run is tried once more
                    self._runs[arm.name, number] = run
        self.evidence = Evidence(seeds, self._runs, self._log.ranks)

    def complete(self) -> Progress:
        """Make the runs of each interim look until none is left or a stop is requested.

        Raises:
            SweepError: If every run failed.
        """
        if self._plan.comparisons:
            self._family.join(self._plan.comparisons, margin=self._settings.margin is not None)
        progress = self._progress()
        while progress.wanted and not self._context.stop.asked:
            if not self._fits(progress.wanted):
                self.out_of_time = True
                progress = self._progress(out_of_time=True)
                break
            self._run(progress.wanted, progress.seeds)
            progress = self._progress()
        wanted = self._frontier_runs()
        if wanted and not self._context.stop.asked and self._fits(wanted):
            self._run(wanted, len({number for _, number in wanted}))
        self._log.close()
        failed = self._runs and all(run.reason for run in self._runs.values())
        if failed and not self._context.stop.asked:
            reasons = sorted({str(run.reason) for run in self._runs.values()})
            raise SweepError(
                f"no run of the confirmation finished: {'; '.join(reasons)}"
                f" ({self._context.folder.path})"
            )
        return progress

    def _fits(self, wanted: Sequence[tuple[str, int]]) -> bool:
        """Whether `search.hours` leaves the time for runs; without it there is always time."""
        budget = self._context.time
        if budget is None or budget.left.fits(self._samples(wanted)):
            return True
        log.warning(
            "search.hours: the %d runs of the next look do not fit into the time that is left;"
            " continue with: %s",
            len(wanted),
            command_line("confirm", self._context.folder.path),
        )
        return False

    def _samples(self, runs: Sequence[tuple[str, int]]) -> list[float]:
        return [float(self._plan.arms[arm].samples) for arm, _ in runs]

    def _frontier_runs(self) -> list[tuple[str, int]]:
        """The missing runs of the frontier: up to `confirm.seeds` of full data's own seeds."""
        frontier = self._plan.frontier
        if frontier is None:
            return []
        return [
            (arm, number)
            for number in range(self._settings.seeds)
            if self.evidence.finished(frontier.full_data, number)
            for arm in frontier.stopped
            if (arm, number) not in self._runs
        ]

    def _run(self, wanted: Sequence[tuple[str, int]], seeds: int) -> None:
        """Make runs, (arm, seed number), under up to some seeds."""
        context = self._context
        context.callback.on_interim_look(len({arm for arm, _ in wanted}), seeds)
        jobs = {
            Job(arm, self._plan.arms[arm].values, self.evidence.seeds[number]): (arm, number)
            for arm, number in wanted
        }
        begun = time.monotonic()
        for done, (job, trained) in enumerate(retrain(context, list(jobs), "validation"), start=1):
            self._runs[jobs[job]] = self._record(job, trained)
            context.callback.on_progress(done, len(jobs))
            self._stop_if_all_fail(trained.reason)
        if context.time is not None:
            made = [run for run in wanted if run in self._runs]
            context.time.left.looked(self._samples(made), time.monotonic() - begun)

    def _stop_if_all_fail(self, reason: str | None) -> None:
        """Ask for a stop once the first runs have all failed for one reason."""
        self._failures.add(reason)
        stop, folder = self._context.stop, self._context.folder
        if self._failures.reason and not stop.asked:
            stop.ask(
                SweepError(
                    f"the first {self._failures.count} runs of the confirmation failed for one"
                    f" reason: {self._failures.reason}; mend it, then continue with: class-sweep"
                    f" {self._command} {folder.path}"
                )
            )

    def _progress(self, *, out_of_time: bool = False) -> Progress:
        """The decisions after the runs so far, and the runs to make next."""
        if not self._plan.comparisons:
            return Progress({}, [], 0)
        objective = self._context.space.objective
        values: dict[str, dict[int, float | None]] = {}
        for (arm, number), run in self._runs.items():
            value = None if run.reason else objective.sign * run.metrics[objective.metric]
            values.setdefault(arm, {})[number] = value
        queries = len(self._context.prepared.features.rows("validation"))
        margin = self._settings.margin
        progress = evaluate_looks(
            self._plan.comparisons,
            values,
            DecisionRule(
                self._settings.seeds,
                self._settings.max_seeds,
                margin=None if margin is None else signed_margin(objective.metric, margin),
                resolution=metric_resolution(objective.metric, queries),
            ),
            self._family.fixed,
            dropped=self._plan.finalists[self._settings.finalists :],
            out_of_time=out_of_time,
        )
        self._family.keep_priors(progress.priors)
        return progress

    def _record(self, job: Job, trained: Trained) -> ConfirmationRun:
        """Write a run to the log."""
        run = ConfirmationRun(
            identity=self._identity(self._plan.arms[job.arm], job.seed),
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
            name = f"confirm-{run.identity}"
            self._context.writer.keep_traceback(name, trained.traceback)
        self._log.append(run, trained.ranks)
        return run

    def _identity(self, arm: Arm, seed: int) -> str:
        return identity(self._context.space.resolve({**arm.values, SEED: seed}))


def _write_best(context: SweepContext, arm: Arm, verdict: Verdict, full_samples: int) -> None:
    seen = samples_of_full_data(arm.samples, arm.samples / full_samples)
    head = [
        f"Written by class-sweep. {verdict.winner.words}",
        f"{arm.name}: {seen}, retrained under {len(verdict.seeds)} seeds",
    ]
    context.writer.write(context.folder.best, config_yaml(context.space, arm.values, head))

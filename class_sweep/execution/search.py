"""The search: all trials of a sweep, and the files that describe their outcome."""

import logging
import shutil
from collections.abc import Sequence
from os.path import lexists

from class_sweep.config.document import Space
from class_sweep.config.idle_warnings import idle_warnings
from class_sweep.errors import (
    ClassSweepError,
    InterruptedSweepError,
    ResultsError,
    SweepError,
    command_line,
)
from class_sweep.execution.checkpoints import checkpoint_name
from class_sweep.execution.context import SweepContext
from class_sweep.execution.summary_writer import SummaryWriter
from class_sweep.execution.tune.session import Session, open_tuner
from class_sweep.results.folder import ResultsFolder
from class_sweep.results.outcome import write_outcome
from class_sweep.results.record import Record
from class_sweep.results.summary import SweepSummary
from class_sweep.results.trials import Trials, trials_of
from class_sweep.tuning.pruners.pruner import pruning_notes
from class_sweep.tuning.samplers.sampler import make_sampler

log = logging.getLogger(__name__)

_NOTE = "Written by class-sweep: the best finished trial of one sweep, one run of each schedule."


def run_search(context: SweepContext, rerun: Sequence[Record] = ()) -> SweepSummary:
    """Run the trials that are left, and write `summary.json`, `best.yaml` and `curves.csv`.

    Args:
        context: The running sweep.
        rerun: Failed trials to run again, as new trials.

    Raises:
        InterruptedSweepError: On Ctrl-C; every report so far is kept.
        SweepError: If no trial finished.
    """
    space, folder = context.space, context.folder
    summary_writer = SummaryWriter(context)
    ended = _run_trials(context, summary_writer, rerun)
    records = folder.records()
    trials = trials_of(records)
    missing = trials.missing(context.trials_wanted)
    if not ended or missing:
        summary_writer.write("interrupted")
        raise context.stop.reason or _not_ended(context, missing)
    ranked = trials.ranked(space.objective)
    if not ranked:
        summary_writer.write("failed")
        raise _no_trial_finished(context, trials)
    full_samples = summary_writer.full_samples
    write_outcome(context.writer, space, records, ranked[0], _NOTE, full_samples)
    summary = summary_writer.write("confirming" if space.settings.confirms else "finished")
    shutil.rmtree(folder.tune, ignore_errors=True)
    context.checkpoints.remove_all({checkpoint_name(r.trial, r.identity) for r in records})
    return summary


def _run_trials(
    context: SweepContext, summary_writer: SummaryWriter, rerun: Sequence[Record]
) -> bool:
    """Run the trials that are left; return whether all have ended."""
    space, tuner = context.space, open_tuner(context)
    summary_writer.write("running")
    for warning in (
        *idle_warnings(space),
        *context.prepared.warnings,
        *make_sampler(space).notes(),
        *pruning_notes(space),
    ):
        log.warning("%s", warning)
    context.callback.on_plan(
        context.trials_wanted, summary_writer.full_samples, summary_writer.expected_samples
    )
    with context.stage("trials"):
        ended = Session(context, tuner).run(rerun)
    if ended and context.time is not None:
        context.time.search_ended(tuner.ledger.proposed)
    return ended


def _not_ended(context: SweepContext, missing: int) -> ClassSweepError:
    """The error of a sweep that stopped before all of its trials ended."""
    if context.stop.asked:
        return InterruptedSweepError(context.folder.path)
    return SweepError(
        f"all trials must end, and {missing} of {context.trials_wanted} have not: they"
        " started again and again without a report; every report is kept, continue with:"
        f" {command_line('resume', context.folder.path)}"
    )


def _no_trial_finished(context: SweepContext, trials: Trials) -> SweepError:
    reasons = sorted({record.reason for record in trials.failed if record.reason})
    return SweepError(
        f"no trial of {context.trials_wanted} finished, {len(trials.pruned)} were"
        f" pruned and {len(trials.failed)} failed: {'; '.join(reasons) or 'no reason is logged'}"
        f" ({context.folder.path})"
    )


def require_same_pruning(folder: ResultsFolder, space: Space) -> None:
    """Check the pruner of a resumed sweep; the default pruner may have changed since its start.

    Raises:
        ResultsError: If the sweep began under another pruner.
    """
    kind = space.settings.pruning.kind
    recorded = folder.read_summary().pruning if lexists(folder.summary) else kind
    if recorded != kind:
        raise ResultsError(
            f"a sweep must be resumed with the pruner that it began with: {folder.space} has"
            f" {kind}, and the sweep began with {recorded}; write pruning.kind: {recorded} there"
        )


def warn_of_certain_failures(failed: Sequence[Record]) -> None:
    """Warn of trials that diverged: a trial is deterministic, so they do so again."""
    diverged = [record for record in failed if "finite number" in (record.reason or "")]
    if diverged:
        log.warning(
            "%d of %d failed trials diverged to infinite numbers or NaN: they do so again unless"
            " the code or a version has changed, because a trial is deterministic",
            len(diverged),
            len(failed),
        )


def failed_trials(folder: ResultsFolder) -> list[Record]:
    """The failed trials that were not run again yet.

    Raises:
        ResultsError: If no trial failed.
    """
    failed = trials_of(folder.records()).failed
    if not failed:
        raise ResultsError(
            f"a sweep must have failed trials to rerun: {folder.path} has no failed trial;"
            f" continue it with: {command_line('resume', folder.path)}"
        )
    return failed

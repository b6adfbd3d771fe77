"""Sweeps from Python: run, resume, extend and confirm."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from class_sweep.base.array_cache import ArrayCache
from class_sweep.base.locks import require_lockable
from class_sweep.config.document import Space
from class_sweep.config.extension import with_epochs, with_trials
from class_sweep.confirmation.procedure import (
    ConfirmOptions,
    confirm_sweep,
    confirmation_space,
    require_finished,
)
from class_sweep.confirmation.test_split import read_test
from class_sweep.errors import InterruptedSweepError
from class_sweep.execution.checkpoint_manager import CheckpointManager
from class_sweep.execution.context import SweepContext, SweepRequest, open_context
from class_sweep.execution.faults import faults_explained, new_folder_settled
from class_sweep.execution.output import open_new, reopen
from class_sweep.execution.search import (
    failed_trials,
    require_same_pruning,
    run_search,
    warn_of_certain_failures,
)
from class_sweep.execution.tracking_consent import allowed_trackers, note_trackers
from class_sweep.execution.tune.tracking import require_trackers
from class_sweep.preparation.prepare import Prepared
from class_sweep.results.callback import Callback
from class_sweep.results.environment import Environment
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.provenance import extend_begun, hold_environment, load_begun
from class_sweep.results.record import Record
from class_sweep.results.summary import SweepSummary
from class_sweep.results.test_log import TestReading
from class_sweep.results.validation import require_valid
from class_sweep.results.warm_start import COLD, WarmStart
from class_sweep.storage.remote import Storage
from class_sweep.tuning.extension import warn_of_differences
from class_sweep.tuning.warm_start import read_warm_start, require_same_data, warm_start_notes

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sweep:
    """A finished sweep.

    Attributes:
        folder: Its results folder.
        summary: The contents of `summary.json`.
        prepared: The data, the features and the difficulty indexes of its trials.
        test: The reading of the test split, if it was asked for.
    """

    folder: ResultsFolder
    summary: SweepSummary
    prepared: Prepared
    test: TestReading | None = None


def run(
    space: Space,
    path: Path,
    *,
    cache: ArrayCache,
    callback: Callback,
    storage: Storage | None = None,
    address: str | None = None,
) -> Sweep:
    """Run a sweep into a new results folder.

    Args:
        space: The search space.
        path: The results folder; it must not exist.
        cache: Holds features and difficulty indexes.
        callback: Receives the events of the sweep.
        storage: The storage for a copy of the folder and for the trials' checkpoints.
        address: Address of the Ray cluster to run on; see `open_runtime`.

    Raises:
        InputError: If the space, its data, the folder, the storage or the cluster is unusable;
            nothing was written then.
        InterruptedSweepError: On Ctrl-C; the folder can be resumed.
        SweepError: If no trial finished.
    """
    ResultsFolder.require_free(path)
    require_lockable(path)
    tracking = space.settings.tracking
    require_trackers(tracking, space.name)
    warm_start = read_warm_start(space)
    for note in warm_start_notes(warm_start or COLD):
        log.warning("%s", note)
    request = SweepRequest(space, path, cache, callback, address, tracking=tracking)
    with (
        open_new(path, storage, callback) as checkpoints,
        open_context(
            request,
            checkpoints,
            partial(_new_folder, path, space, storage, checkpoints, warm_start),
        ) as context,
    ):
        note_trackers(tracking, context.folder)
        return _complete(context, [])


def resume(  # noqa: PLR0913 - each is an option of the command
    path: Path,
    *,
    cache: ArrayCache,
    callback: Callback,
    storage: Storage | None = None,
    rerun_failed: bool = False,
    address: str | None = None,
    tracking: bool = False,
) -> Sweep:
    """Continue an interrupted sweep: no report is lost, and no ended trial is run again.

    Args:
        path: The results folder.
        cache: Holds features and difficulty indexes.
        callback: Receives the events of the sweep.
        storage: The storage for a copy of the folder; by default the one that the folder names.
        rerun_failed: Also run the failed trials again, as new trials.
        address: Address of the Ray cluster to run on; it may differ from that of `run`.
        tracking: Whether to use the trackers of a folder that came from elsewhere.

    Raises:
        InputError: If the folder holds no sweep, another process writes to it, or `rerun_failed`
            is set and no trial failed.
        InterruptedSweepError: On Ctrl-C.
        SweepError: If no trial finished.
    """
    folder = ResultsFolder.existing(path)
    space = load_begun(folder, to_continue=True)
    trackers = allowed_trackers(space.settings.tracking, folder, asked=tracking)
    require_trackers(trackers, space.name)
    require_same_pruning(folder, space)
    with (
        faults_explained(folder, "resume"),
        reopen(path, storage, callback) as (writer, checkpoints),
    ):
        require_valid(folder)
        space = load_begun(folder, to_continue=True)  # the storage may have had an extension
        request = SweepRequest(space, path, cache, callback, address, tracking=trackers)
        rerun = failed_trials(folder) if rerun_failed else []
        warn_of_certain_failures(rerun)
        with open_context(request, checkpoints, partial(_continued, writer, space)) as context:
            return _complete(context, rerun)


def extend(  # noqa: PLR0913 - each is an option of the command
    path: Path,
    trials: int,
    *,
    cache: ArrayCache,
    callback: Callback,
    storage: Storage | None = None,
    address: str | None = None,
    tracking: bool = False,
) -> Sweep:
    """Give a sweep more trials, and complete it; logged warnings say what an extension changes.

    The trials so far stay as they are. After an interruption `resume` continues it.

    Args:
        path: The results folder; its sweep has ended or was interrupted.
        trials: The new number of trials, `search.trials`.
        cache: Holds features and difficulty indexes.
        callback: Receives the events of the sweep.
        storage: The storage for a copy of the folder; by default the one that the folder names.
        address: Address of the Ray cluster to run on; see `open_runtime`.
        tracking: Whether to use the trackers of a folder that came from elsewhere.

    Raises:
        InputError: If the folder holds no sweep, another process writes to it, its data have
            changed, or it has as many trials; nothing was changed then.
        InterruptedSweepError: On Ctrl-C.
        SweepError: If no trial finished.
    """
    folder = ResultsFolder.existing(path)
    space = with_trials(load_begun(folder, to_continue=True), trials)
    trackers = allowed_trackers(space.settings.tracking, folder, asked=tracking)
    require_trackers(trackers, space.name)
    require_same_pruning(folder, space)
    with (
        faults_explained(folder, "resume"),
        reopen(path, storage, callback) as (writer, checkpoints),
    ):
        require_valid(folder)
        begun = load_begun(folder, to_continue=True)  # the storage may have had an extension
        space = with_trials(begun, trials)
        request = SweepRequest(space, path, cache, callback, address, tracking=trackers)
        with open_context(
            request, checkpoints, partial(_extended, writer, begun, space)
        ) as context:
            return _complete(context, [])


def with_larger_budget(earlier: Path, epochs: int) -> Space:
    """The space of a sweep with a larger budget, for a new sweep that is warm from its trials.

    No trial continues: its learning rate and its schedule depend on the whole budget.

    Args:
        earlier: The results folder of the sweep.
        epochs: The new budget, `budget.epochs`.

    Raises:
        InputError: If `earlier` holds no sweep, or one of as many epochs.
    """
    space = with_epochs(
        load_begun(ResultsFolder.existing(earlier), to_continue=True), epochs, earlier
    )
    first = ", the best earlier configurations first" if space.settings.search.warm_start else ""
    log.warning(
        "a larger budget is another training, so no trial of %s continues:"
        " %d trials are run anew%s",
        earlier,
        space.settings.search.runs,
        first,
    )
    return space


def confirm(
    path: Path,
    options: ConfirmOptions,
    *,
    cache: ArrayCache,
    callback: Callback,
    storage: Storage | None = None,
    address: str | None = None,
) -> Sweep:
    """Confirm a finished sweep, or continue its confirmation; finished runs are not run again.

    Args:
        path: The results folder.
        options: What to confirm, and whether to read the test split.
        cache: Holds features and difficulty indexes.
        callback: Receives the events of the confirmation.
        storage: The storage for a copy of the folder; by default the one that the folder names.
        address: Address of the Ray cluster to run on; see `open_runtime`.

    Raises:
        InputError: If the folder holds no finished sweep, or another process writes to it.
        InterruptedSweepError: On Ctrl-C.
        SweepError: If no run finished.
    """
    folder = ResultsFolder.existing(path)
    space = confirmation_space(load_begun(folder, to_confirm=True), options)
    request = SweepRequest(space, path, cache, callback, address, command="confirm")
    with (
        faults_explained(folder, "confirm"),
        reopen(path, storage, callback) as (writer, checkpoints),
    ):
        require_valid(folder)
        summary = require_finished(folder, space)
        with open_context(request, checkpoints, partial(_continued, writer, space)) as context:
            summary = confirm_sweep(context, summary, command="confirm")
            reading = read_test(context) if options.test else None
            return Sweep(folder, summary, context.prepared, reading)


@contextmanager
def _new_folder(
    path: Path,
    space: Space,
    storage: Storage | None,
    checkpoints: CheckpointManager,
    warm_start: WarmStart | None,
    environment: Environment,
) -> Iterator[ResultsWriter]:
    """Create the results folder when the block is entered."""
    if warm_start:
        require_same_data(space, warm_start, environment)
    with (
        ResultsWriter.create(path, space.text, storage, environment, warm_start) as writer,
        new_folder_settled(writer, checkpoints),
    ):
        yield writer


@contextmanager
def _continued(
    writer: ResultsWriter, space: Space, environment: Environment
) -> Iterator[ResultsWriter]:
    """The open folder of a sweep that continues, once its inputs are those of its start."""
    hold_environment(writer, space, environment)
    yield writer


@contextmanager
def _extended(
    writer: ResultsWriter, begun: Space, space: Space, environment: Environment
) -> Iterator[ResultsWriter]:
    """The open folder of a sweep that is extended, once its inputs are those of its start."""
    hold_environment(writer, begun, environment)
    warn_of_differences(writer.folder, space)
    extend_begun(writer, space)
    yield writer


def _complete(context: SweepContext, rerun: list[Record]) -> Sweep:
    """Run the trials and, if the space asks for it, the confirmation."""
    try:
        summary = run_search(context, rerun)
        if context.space.settings.confirms:
            summary = confirm_sweep(context, summary)
    except InterruptedSweepError:
        if context.time is not None:
            context.time.close()
        raise
    if context.time is not None:
        summary = summary.model_copy(update={"hours": context.time.close()})
        context.writer.write_summary(summary)
    return Sweep(context.folder, summary, context.prepared)

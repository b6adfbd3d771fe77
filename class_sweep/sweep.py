"""A sweep from its space to its results folder, and on from where one was cut."""

import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import ray

from class_sweep.base.array_cache import ArrayCache
from class_sweep.base.files import write_atomic
from class_sweep.config.document import Space, parse_space
from class_sweep.confirmation.procedure import confirm_sweep, confirming
from class_sweep.confirmation.test_split import read_test
from class_sweep.errors import InterruptedSweepError, ResultsError, SweepError
from class_sweep.execution.checkpoint_manager import CheckpointManager
from class_sweep.execution.cluster.runtime import open_runtime
from class_sweep.execution.cluster.shared_storage import require_shared
from class_sweep.execution.cluster.trial_slots import TrialSlots
from class_sweep.execution.interrupts import StopRequest
from class_sweep.execution.output import open_new, reopen
from class_sweep.execution.summary import Summary
from class_sweep.execution.tune.session import Session
from class_sweep.execution.tune.tracking import require_trackers
from class_sweep.preparation.environment import describe_environment
from class_sweep.preparation.footprint import require_gpu_memory, trial_bytes
from class_sweep.preparation.prepare import Clock, Prepared, prepare
from class_sweep.results.callback import Callback
from class_sweep.results.curves import curves_csv
from class_sweep.results.export import trial_yaml
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.record import Record
from class_sweep.results.summary import SweepSummary
from class_sweep.results.test_log import TestReading
from class_sweep.results.trials import trials_of
from class_sweep.storage.remote import Storage
from class_sweep.tuning.ledger import Judge
from class_sweep.tuning.milestones import ladder
from class_sweep.tuning.pruners.registry import make_pruner, pruning_notes
from class_sweep.tuning.samplers import sampler_notes, searched

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sweep:
    """What a finished sweep hands back."""

    folder: ResultsFolder
    summary: SweepSummary
    prepared: Prepared


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
        space: What is searched.
        path: The folder to be.
        cache: Where features and indexes are.
        callback: Receives the events of the sweep.
        storage: What keeps a copy of the folder, and the trials' checkpoints.
        address: Of the Ray cluster to run on; see `open_runtime`.

    Raises:
        InputError: If the space, its data, the folder, the storage or the cluster is unusable;
            nothing was written then.
        InterruptedSweepError: On Ctrl-C; the folder can be resumed.
        SweepError: If no trial finished.
    """
    ResultsFolder.require_free(path)
    require_trackers(space.settings.tracking, space.name)
    clock = Clock()
    with (
        open_new(path, storage, callback) as checkpoints,
        _ready(space, checkpoints, cache, clock, callback, address) as (prepared, slots),
        ResultsWriter.create(path, space.text, storage) as writer,
    ):
        _keep_environment(writer, prepared, space)
        return _sweep(space, writer, checkpoints, prepared, clock, callback, slots)


def resume(
    path: Path,
    *,
    cache: ArrayCache,
    callback: Callback,
    storage: Storage | None = None,
    rerun_failed: bool = False,
    address: str | None = None,
) -> Sweep:
    """Go on with a sweep that was cut: no report is lost, no ended trial is run again.

    Args:
        path: Its results folder.
        cache: Where features and indexes are.
        callback: Receives the events of the sweep.
        storage: What keeps a copy of the folder, if not the one that it remembers.
        rerun_failed: Also run the trials that failed once more, as new ones.
        address: Of the Ray cluster to run on, whichever it began on; see `open_runtime`.

    Raises:
        InputError: If the folder holds no sweep, another process is at it, or none is to be rerun.
        InterruptedSweepError: On Ctrl-C.
        SweepError: If no trial finished.
    """
    folder = ResultsFolder.existing(path)
    space = parse_space(folder.space.read_text(encoding="utf-8"), str(folder.space))
    require_trackers(space.settings.tracking, space.name)
    _require_pruning_as_begun(folder, space)
    with reopen(path, storage, callback) as (writer, checkpoints):
        failed = trials_of(folder.records()).failed if rerun_failed else []
        if rerun_failed and not failed:
            raise ResultsError(f"a trial must have failed to be run again: {path} has none")
        clock = Clock(folder.seconds())
        with _ready(space, checkpoints, cache, clock, callback, address) as (prepared, slots):
            _keep_environment(writer, prepared, space)
            return _sweep(
                space, writer, checkpoints, prepared, clock, callback, slots, rerun=failed
            )


def _require_pruning_as_begun(folder: ResultsFolder, space: Space) -> None:
    """Refuse a sweep of a version whose pruning was another where the space names none."""
    kind = space.settings.pruning.kind
    begun = folder.read_summary().pruning if folder.summary.is_file() else kind
    if begun != kind:
        raise ResultsError(
            f"a sweep must go on under the pruning that it began with: {folder.space} says {kind},"
            f" and it began with {begun}; write pruning.kind: {begun} there"
        )


def confirm(
    path: Path,
    *,
    cache: ArrayCache,
    callback: Callback,
    changes: Mapping[str, int],
    storage: Storage | None = None,
    test: bool = False,
    address: str | None = None,
) -> tuple[Sweep, TestReading | None]:
    """Confirm a finished sweep, or go on with its confirmation; what it has run it keeps.

    Args:
        path: Its results folder.
        cache: Where features and indexes are.
        callback: Receives the events of the sweep.
        changes: Of the space's `confirm` settings.
        storage: What keeps a copy of the folder, if not the one that it remembers.
        test: Also read the test split.
        address: Of the Ray cluster to run on; see `open_runtime`.

    Returns:
        The sweep, and the reading of the test split if it was asked for.

    Raises:
        InputError: If the folder holds no finished sweep, or another process is at it.
        InterruptedSweepError: On Ctrl-C.
        SweepError: If no run finished.
    """
    folder = ResultsFolder.existing(path)
    space = parse_space(folder.space.read_text(encoding="utf-8"), str(folder.space))
    space = confirming(space, changes)
    with reopen(path, storage, callback) as (writer, checkpoints):
        summary = folder.read_summary()
        if summary.state not in {"finished", "confirming"}:
            raise ResultsError(
                f"a sweep must be finished to be confirmed: {path} is {summary.state}; go on"
                f" with: class-sweep resume {path}"
            )
        clock = Clock(folder.seconds())
        with _ready(space, checkpoints, cache, clock, callback, address) as (prepared, slots):
            _keep_environment(writer, prepared, space)
            summary = confirm_sweep(
                space, writer, prepared, clock, callback, slots, summary, "confirm"
            )
            reading = read_test(space, writer, prepared, clock, callback, slots) if test else None
            return Sweep(folder, summary, prepared), reading


def _keep_environment(writer: ResultsWriter, prepared: Prepared, space: Space) -> None:
    """Write down what a sweep runs on; on resume refuse to mix two data sets in one log.

    Where only the features differ, that is a warning.
    """
    folder = writer.folder
    now = describe_environment(prepared.pairs, prepared.features, space)
    if not folder.environment.exists():
        writer.write_environment(now)
    then = folder.read_environment()
    if then.data_sha256 != now.data_sha256:
        raise ResultsError(
            f"a sweep must go on with the data it began with: {folder.environment} has SHA-256"
            f" {then.data_sha256}, and the data now {now.data_sha256}"
        )
    if then.index_sha256 != now.index_sha256:
        log.warning("the difficulty index is not the one that this sweep began with")


@contextmanager
def _ready(
    space: Space,
    checkpoints: CheckpointManager,
    cache: ArrayCache,
    clock: Clock,
    callback: Callback,
    address: str | None,
) -> Iterator[tuple[Prepared, TrialSlots]]:
    """What trials read, and the Ray they run on, which starts meanwhile or is joined before."""
    resources, limit = space.settings.resources, space.settings.search.max_concurrent
    with open_runtime(space, address) as workers:
        if ray.is_initialized():  # a cluster's; an instance of our own starts later
            require_shared(checkpoints.location, ray.nodes())  # type: ignore[no-untyped-call]
        prepared = prepare(space, cache, clock, callback, loaded=workers.start)
        if resources.gpus:
            need = trial_bytes(space, prepared.features)
            require_gpu_memory(resources, need, workers.gpu_memory(min(1.0, resources.gpus)))
        with clock.stage("workers", callback):
            workers.wait()
        yield prepared, TrialSlots(resources, limit, workers.machines, workers.launchable)


def _sweep(
    space: Space,
    writer: ResultsWriter,
    checkpoints: CheckpointManager,
    prepared: Prepared,
    clock: Clock,
    callback: Callback,
    slots: TrialSlots,
    rerun: Sequence[Record] = (),
) -> Sweep:
    folder, search = writer.folder, space.settings.search
    rungs = ladder(space, len(prepared.features.rows("train")))
    pruner = make_pruner(space.settings.pruning, len(rungs), searched(space))
    judge = Judge(space.objective, pruner, writer, callback)
    judge.replay(folder.records())
    summarise = Summary(space, prepared, clock, writer)
    summarise.write("running", folder.records())
    stop = StopRequest()
    for warning in (*prepared.warnings, *sampler_notes(space), *pruning_notes(space)):
        log.warning("%s", warning)
    callback.on_plan(search.runs, summarise.full_samples, summarise.foretold)
    with clock.stage("trials", callback), stop.listening(callback.on_stop):
        session = Session(space, prepared, writer, judge, checkpoints, stop, slots, rungs)
        done = session.run(rerun)
    records = folder.records()
    if not done:
        summarise.write("interrupted", records)
        raise stop.reason or InterruptedSweepError(folder.path)
    trials = trials_of(records)
    ranked = trials.ranked(space.objective)
    if not ranked:
        summarise.write("failed", records)
        reasons = {record.reason for record in trials.failed}
        raise SweepError(
            f"no trial of {search.runs} finished: {'; '.join(sorted(filter(None, reasons)))}"
            f" ({folder.path})"
        )
    if search.record:
        write_atomic(folder.curves, curves_csv(space.objective, search.record, records))
    note = "Written by class-sweep: the best finished trial of one sweep, one run of each schedule."
    write_atomic(folder.best, trial_yaml(space, ranked[0], note))
    summary = summarise.write("confirming" if space.settings.confirms else "finished", records)
    shutil.rmtree(folder.tune, ignore_errors=True)
    checkpoints.remove_all()
    if space.settings.confirms:
        summary = confirm_sweep(space, writer, prepared, clock, callback, slots, summary)
    return Sweep(folder, summary, prepared)

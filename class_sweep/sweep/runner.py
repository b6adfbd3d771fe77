"""A sweep from its space to its results folder, and on from where one was cut."""

import logging
import math
import shutil
import traceback
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ray import tune

from class_sweep.config.document import Space, parse_space
from class_sweep.curriculum.schedule import full_data_samples
from class_sweep.encoders.cache import FeatureCache
from class_sweep.errors import InterruptedSweepError, ResultsError, StorageError, SweepError
from class_sweep.results.curves import curves_csv
from class_sweep.results.export import trial_yaml
from class_sweep.results.files import is_disk_full, write_atomic
from class_sweep.results.outcome import trials_of
from class_sweep.results.record import Record
from class_sweep.results.store import ResultsFolder, ResultsWriter
from class_sweep.sweep.casualties import survivable
from class_sweep.sweep.checkpoints import TUNE_FOLDER, Checkpoints, last_checkpoint, trial_name
from class_sweep.sweep.cluster import LocalRay, trials_at_a_time, warm_actors
from class_sweep.sweep.confirm import confirm_sweep, confirming
from class_sweep.sweep.duplicates import effective_plan
from class_sweep.sweep.environment import describe_environment
from class_sweep.sweep.footprint import gpu_memory, require_gpu_memory, trial_bytes
from class_sweep.sweep.interrupt import StopRequest
from class_sweep.sweep.judge import Judge, Listener
from class_sweep.sweep.plan import require_resources
from class_sweep.sweep.prepare import Clock, Prepared, prepare
from class_sweep.sweep.pruners import make_pruner
from class_sweep.sweep.pruning import JudgeScheduler
from class_sweep.sweep.samplers import sampler_notes, searched
from class_sweep.sweep.search import StudySearch
from class_sweep.sweep.testing import read_test
from class_sweep.sweep.tracking import require_trackers, trackers
from class_sweep.sweep.trainable import CurriculumTrial
from class_sweep.training.checkpoint import CHECKPOINTS_KEPT
from class_sweep.training.milestones import ladder

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sweep:
    """What a finished sweep hands back."""

    folder: ResultsFolder
    summary: dict[str, Any]
    prepared: Prepared


def run(space: Space, path: Path, *, cache: FeatureCache, listener: Listener) -> Sweep:
    """Run a sweep into a new results folder.

    Raises:
        InputError: If the space, its data or the folder is unusable; nothing was written then.
        InterruptedSweepError: On Ctrl-C; the folder can be resumed.
        SweepError: If no trial finished.
    """
    ResultsFolder.require_free(path)
    require_trackers(space.settings.tracking, space.name)
    clock = Clock()
    with _workers(space) as workers:
        prepared = prepare(space, cache, clock, listener, loaded=workers.start)
        _require_room(space, prepared)
        with clock.stage("workers", listener):
            workers.wait()
        with ResultsWriter.create(path, space.text) as writer:
            _keep_environment(writer, prepared, space)
            return _sweep(space, writer, prepared, clock, listener)


def resume(
    path: Path, *, cache: FeatureCache, listener: Listener, rerun_failed: bool = False
) -> Sweep:
    """Go on with a sweep that was cut: no report is lost, no ended trial is run again.

    Args:
        path: Its results folder.
        cache: Where features and indexes are.
        listener: Who is told.
        rerun_failed: Also run the trials that failed once more, as new ones.

    Raises:
        InputError: If the folder holds no sweep, another process is at it, or none is to be rerun.
        InterruptedSweepError: On Ctrl-C.
        SweepError: If no trial finished.
    """
    folder = ResultsFolder.existing(path)
    space = parse_space(folder.space.read_text(encoding="utf-8"), str(folder.space))
    require_trackers(space.settings.tracking, space.name)
    failed = trials_of(folder.records()).failed if rerun_failed else []
    if rerun_failed and not failed:
        raise ResultsError(f"a trial must have failed to be run again: {path} has none")
    with ResultsWriter(folder) as writer, _workers(space) as workers:
        clock = Clock(folder.seconds())
        prepared = prepare(space, cache, clock, listener, loaded=workers.start)
        _require_room(space, prepared)
        _keep_environment(writer, prepared, space)
        with clock.stage("workers", listener):
            workers.wait()
        return _sweep(space, writer, prepared, clock, listener, rerun=failed)


def confirm(
    path: Path,
    *,
    cache: FeatureCache,
    listener: Listener,
    changes: Mapping[str, int],
    test: bool = False,
) -> tuple[Sweep, dict[str, Any] | None]:
    """Confirm a finished sweep, or go on with its confirmation; what it has run it keeps.

    Args:
        path: Its results folder.
        cache: Where features and indexes are.
        listener: Who is told.
        changes: Of the space's `confirm` settings.
        test: Also read the test split.

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
    with ResultsWriter(folder) as writer, _workers(space) as workers:
        summary = folder.read_summary()
        if summary["state"] not in {"finished", "confirming"}:
            raise ResultsError(
                f"a sweep must be finished to be confirmed: {path} is {summary['state']}; go on"
                f" with: class-sweep resume {path}"
            )
        clock = Clock(folder.seconds())
        prepared = prepare(space, cache, clock, listener, loaded=workers.start)
        _require_room(space, prepared)
        _keep_environment(writer, prepared, space)
        with clock.stage("workers", listener):
            workers.wait()
        summary = confirm_sweep(space, writer, prepared, clock, listener, summary, "confirm")
        reading = read_test(space, writer, prepared, clock, listener) if test else None
        return Sweep(folder, summary, prepared), reading


def _keep_environment(writer: ResultsWriter, prepared: Prepared, space: Space) -> None:
    """Write down what a sweep runs on; on resume refuse to mix two data sets in one log.

    Where only the features differ, that is a warning.
    """
    folder = writer.folder
    now = describe_environment(prepared.pairs, prepared.features, space)
    if not folder.environment.exists():
        writer.write_json(folder.environment, now)
    then = folder.read_environment()
    if then.get("data_sha256") != now["data_sha256"]:
        raise ResultsError(
            f"a sweep must go on with the data it began with: {folder.environment} has SHA-256"
            f" {then.get('data_sha256')}, and the data now {now['data_sha256']}"
        )
    if then.get("index_sha256") != now["index_sha256"]:
        log.warning("the difficulty index is not the one that this sweep began with")


def _workers(space: Space) -> LocalRay:
    """Ray, not started yet, on as many cores as the trials can use."""
    at_a_time = require_resources(space)
    return LocalRay(math.ceil(at_a_time * space.settings.resources.cpus))


def _require_room(space: Space, prepared: Prepared) -> None:
    if space.settings.resources.gpus:
        need = trial_bytes(space, prepared.features)
        require_gpu_memory(space.settings.resources, need, gpu_memory())


def _sweep(
    space: Space,
    writer: ResultsWriter,
    prepared: Prepared,
    clock: Clock,
    listener: Listener,
    rerun: Sequence[Record] = (),
) -> Sweep:
    folder, search = writer.folder, space.settings.search
    rungs = ladder(space, len(prepared.features.rows("train")))
    pruner = make_pruner(space.settings.pruning, len(rungs))
    judge = Judge(space.objective, pruner, writer, listener)
    judge.replay(folder.records())
    summarise = _Summary(space, prepared, clock, writer)
    summarise.write("running", folder.records())
    stop = StopRequest()
    for warning in (*prepared.warnings, *sampler_notes(space)):
        log.warning("%s", warning)
    listener.planned(search.runs, summarise.full_samples)
    with clock.stage("trials", listener), stop.listening(listener.stopping):
        done = _run_trials(space, prepared, writer, judge, stop, rerun)
    records = folder.records()
    if not done:
        summarise.write("interrupted", records)
        raise InterruptedSweepError(folder.path)
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
    shutil.rmtree(folder.path / TUNE_FOLDER, ignore_errors=True)
    if space.settings.confirms:
        summary = confirm_sweep(space, writer, prepared, clock, listener, summary)
    return Sweep(folder, summary, prepared)


def _run_trials(
    space: Space,
    prepared: Prepared,
    writer: ResultsWriter,
    judge: Judge,
    stop: StopRequest,
    rerun: Sequence[Record],
) -> bool:
    """Run what is left to run, until nothing is or the sweep is asked to stop; whether nothing is.

    Tune leaves a trial lying whose worker died between two trials, so that it may take two rounds.
    """
    folder, search, idle = writer.folder, space.settings.search, 0
    while True:
        study = StudySearch(
            space,
            folder.study,
            judge,
            stop,
            checkpoint_of=lambda trial: last_checkpoint(folder, trial),
            plan_of=lambda settings: effective_plan(settings, prepared.features),
        )
        study.take_up(judge.last)
        study.rerun(rerun)
        rerun = ()
        if study.left == 0:
            return True
        if stop.asked or idle > space.settings.resources.retries:
            return False
        before = judge.reports
        at_a_time = trials_at_a_time(space.settings.resources, search.max_concurrent, study.left)
        _tune(space, prepared, writer, study, judge, stop, at_a_time)
        idle = idle + 1 if judge.reports == before else 0


def _tune(
    space: Space,
    prepared: Prepared,
    writer: ResultsWriter,
    study: StudySearch,
    judge: Judge,
    stop: StopRequest,
    at_a_time: int,
) -> None:
    folder, resources = writer.folder, space.settings.resources
    trainable = tune.with_parameters(
        CurriculumTrial,
        space=space,
        features=prepared.features.arrays(),
        gpu=resources.gpus > 0,
    )
    tuner = tune.Tuner(
        tune.with_resources(trainable, {"cpu": resources.cpus, "gpu": resources.gpus}),
        tune_config=tune.TuneConfig(
            search_alg=study,
            scheduler=JudgeScheduler(judge, stop),
            num_samples=-1,  # the search says when there is nothing left
            max_concurrent_trials=at_a_time,
            reuse_actors=True,
            trial_name_creator=trial_name,
            trial_dirname_creator=trial_name,
        ),
        run_config=tune.RunConfig(
            name=TUNE_FOLDER,
            storage_path=str(folder.path.resolve()),
            failure_config=tune.FailureConfig(max_failures=resources.retries),
            checkpoint_config=tune.CheckpointConfig(
                num_to_keep=CHECKPOINTS_KEPT, checkpoint_at_end=False
            ),
            callbacks=[Checkpoints(judge, folder), *trackers(space.settings.tracking, folder)],
            stop=stop,
            verbose=0,
        ),
    )
    for name in ("ray.tune", "ray.air", "ray.train"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # the judge says what matters
    try:
        with warnings.catch_warnings(), survivable(), warm_actors():
            warnings.simplefilter("ignore")
            tuner.fit()
    except Exception as error:
        if judge.broken:
            raise judge.broken from None
        if is_disk_full(str(error)):
            raise StorageError(f"a sweep must have room to write: {folder.path}") from error
        kept = writer.keep_traceback(None, traceback.format_exc())
        raise SweepError(
            f"Ray Tune ended on an error: {str(error).strip().splitlines()[-1]} ({kept}); every"
            f" report is kept, go on with: class-sweep resume {folder.path}"
        ) from error


class _Summary:
    """`summary.json`: written when the trials start and when they end."""

    def __init__(
        self, space: Space, prepared: Prepared, clock: Clock, writer: ResultsWriter
    ) -> None:
        self._space, self._clock, self._writer = space, clock, writer
        settings = space.settings
        self._pairs = {
            name: len(prepared.pairs.rows(name)) for name in ("train", "validation", "test")
        }
        self.full_samples = full_data_samples(
            self._pairs["train"], settings.optimizer.batch_size, settings.budget
        )
        self._diagnoses = {
            str(similarity): [asdict(one) for one in found]
            for similarity, found in prepared.diagnoses.items()
        }

    def write(self, state: str, records: Iterable[Record]) -> dict[str, Any]:
        trials = trials_of(records)
        wanted = self._space.settings.search.runs
        full_budget = self.full_samples * wanted
        ranked = trials.ranked(self._space.objective)
        summary: dict[str, Any] = {
            "state": state,
            "objective": str(self._space.objective),
            "direction": self._space.objective.direction,
            "pruning": self._space.settings.pruning.kind,
            "pairs": self._pairs,
            "trials": {
                "wanted": wanted,
                "proposed": trials.count,
                "finished": len(trials.finished),
                "pruned": len(trials.pruned),
                "repeated": trials.repeated,
                "failed": len(trials.failed),
            },
            "rung_decisions": trials.rung_decisions,
            "warnings": [] if state == "running" else self._warnings(trials.rung_decisions),
            "samples": {
                "seen": trials.samples,
                "full_budget": full_budget,
                "share": round(trials.samples / full_budget, 4),
            },
            "best": self._trial(ranked[0]) if ranked else None,
            "references": {r.name: self._trial(r) for r in trials.finished if r.name},
            "difficulty": self._diagnoses,
            "seconds": self._clock.seconds,
        }
        self._writer.write_json(self._writer.folder.summary, summary)
        return summary

    def _warnings(self, rung_decisions: int) -> list[str]:
        """What a finished sweep must not be read without."""
        settings = self._space.settings
        if settings.pruning.kind == "none" or rung_decisions or searched(self._space) < 2:
            return []
        return [
            "No rung decision was made: nothing was ever pruned or compared; lower"
            f" pruning.grace_epochs ({settings.pruning.grace_epochs}) or run more trials."
        ]

    def _trial(self, record: Record) -> dict[str, Any]:
        return {
            "trial": record.trial,
            "name": record.name,
            "identity": record.identity,
            "config": record.config,
            "metrics": record.metrics,
            "samples": record.samples,
            "share_of_full_data": round(record.samples / self.full_samples, 4),
        }

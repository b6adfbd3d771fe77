"""Runs the trials of a sweep on Ray Tune, in one round or more."""

import logging
import traceback
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from ray import tune

from class_sweep.base.faults import fault_in, fault_of
from class_sweep.errors import StorageError, SweepError, command_line
from class_sweep.execution.context import SweepContext
from class_sweep.execution.tune.checkpointing import Checkpoints, trial_name
from class_sweep.execution.tune.ray_tune_patches import NoProgress, patched_ray_tune
from class_sweep.execution.tune.scheduler import TunerScheduler
from class_sweep.execution.tune.searcher import TunerSearcher
from class_sweep.execution.tune.tracking import trackers
from class_sweep.execution.tune.trainable import CurriculumTrial
from class_sweep.results.folder import ResultsFolder
from class_sweep.results.record import Record
from class_sweep.results.warm_start import COLD
from class_sweep.training.plan_identity import plan_identity
from class_sweep.tuning.common_failure import FAILURES, CommonFailure
from class_sweep.tuning.restored_tuner import restored_tuner
from class_sweep.tuning.study_repair import repair_study
from class_sweep.tuning.study_storage import FileStorage
from class_sweep.tuning.tuner import Limits, SweepTuner


def open_tuner(context: SweepContext) -> SweepTuner:
    """The tuner of a sweep, restored from the log and the study of its folder."""
    space, folder, features = context.space, context.folder, context.prepared.features
    records, sweep_id = folder.records(), folder.sweep_id()
    repair_study(folder.study, records, sweep_id)
    return restored_tuner(
        space,
        len(features.rows("train")),
        storage=FileStorage(folder.study, sweep_id),
        log=context.writer,
        records=records,
        plan_of=lambda settings: plan_identity(settings, features),
        callback=context.ledger_callback,
        warm_start=folder.read_warm_start() if space.settings.search.warm_start else COLD,
        limits=Limits(
            slots=lambda left: 0 if context.stop.asked else context.slots(left, context.stop),
            retries=space.settings.resources.retries,
            failures=FAILURES,
            **({"trials": context.time.trials} if context.time else {}),
        ),
    )


@dataclass(frozen=True)
class Session:
    """Runs the trials of a tuner on Ray Tune.

    Attributes:
        context: The running sweep.
        tuner: Decides on the trials.
    """

    context: SweepContext
    tuner: SweepTuner

    def run(self, rerun: Sequence[Record]) -> bool:
        """Run the trials until none is left or the sweep is asked to stop.

        One round is enough unless Ray Tune ends early. The sweep stops after more rounds without a
        report than a trial has retries.

        Args:
            rerun: Failed trials to run again.

        Returns:
            Whether no trial is left.
        """
        tuner, idle_rounds = self.tuner, 0
        retries = self.context.space.settings.resources.retries
        tuner.rerun(rerun)
        while tuner.left:
            if failure := tuner.common_failure:
                self.context.stop.ask(_common_failure_error(failure, self.context.folder))
            if self.context.stop.asked or idle_rounds > retries:
                return False
            written = tuner.ledger.written
            tuner.begin_round()
            self._run_round()
            idle_rounds = idle_rounds + 1 if tuner.ledger.written == written else 0
        return True

    def _run_round(self) -> None:
        context, tuner = self.context, self.tuner
        space, folder = context.space, context.folder
        resources = space.settings.resources
        trainable = tune.with_parameters(
            CurriculumTrial,
            space=space,
            features=context.shared_features,
            gpu=resources.gpus > 0,
            checkpoints=context.checkpoints.store,
        )
        for name in ("ray.tune", "ray.air", "ray.train"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # the sweep's callback reports
        try:
            with warnings.catch_warnings(), patched_ray_tune():
                warnings.simplefilter("ignore")
                tune.run(
                    tune.with_resources(trainable, {"cpu": resources.cpus, "gpu": resources.gpus}),
                    name=folder.tune.name,
                    storage_path=str(folder.path.resolve()),
                    search_alg=TunerSearcher(tuner),
                    scheduler=TunerScheduler(tuner, context.stop),
                    num_samples=-1,  # the tuner decides when no trial is left
                    max_concurrent_trials=tuner.left,  # the tuner's slots limit them further
                    reuse_actors=True,
                    trial_name_creator=trial_name,
                    trial_dirname_creator=trial_name,
                    max_failures=0,  # the tuner counts retries and selects the next trial
                    checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                    callbacks=[
                        Checkpoints(tuner.ledger, context.checkpoints),
                        NoProgress(),
                        *trackers(context.tracking, folder),
                    ],
                    stop=context.stop,
                    raise_on_failed_trial=False,
                    verbose=0,
                )
        except Exception as error:
            # Ray Tune puts an error of a callback into a traceback of its own.
            if fault := fault_of(error) or fault_in(str(error)):
                raise StorageError(fault) from error
            kept = context.writer.keep_traceback(None, traceback.format_exc())
            raise SweepError(
                f"Ray Tune ended on an error: {str(error).strip().splitlines()[-1]} ({kept}); every"
                f" report is kept, continue with: {command_line('resume', folder.path)}"
            ) from error


def _common_failure_error(failure: CommonFailure, folder: ResultsFolder) -> SweepError:
    return SweepError(
        f"the first {failure.count} trials of this run failed for one reason: {failure.reason};"
        f" mend it, then run them again and go on with: class-sweep rerun {folder.path} (or leave"
        f" them out: class-sweep resume {folder.path})"
    )

"""The trials of a sweep on Ray Tune: what is left of them is run, in as many rounds as it takes."""

import logging
import traceback
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from ray import tune

from class_sweep.base.files import is_disk_full
from class_sweep.config.document import Space
from class_sweep.errors import StorageError, SweepError
from class_sweep.execution.checkpoint_manager import CheckpointManager
from class_sweep.execution.cluster.trial_slots import TrialSlots
from class_sweep.execution.interrupts import StopRequest
from class_sweep.execution.tune.checkpointing import Checkpoints, trial_name
from class_sweep.execution.tune.ray_tune_patches import NoProgress, adapted
from class_sweep.execution.tune.scheduler import JudgeScheduler
from class_sweep.execution.tune.searcher import StudySearch
from class_sweep.execution.tune.tracking import trackers
from class_sweep.execution.tune.trainable import CurriculumTrial
from class_sweep.preparation.prepare import Prepared
from class_sweep.results.folder import ResultsWriter
from class_sweep.results.record import Record
from class_sweep.tuning.duplicates import effective_plan
from class_sweep.tuning.ledger import Judge


@dataclass(frozen=True)
class Session:
    """A sweep's trials, from this process.

    Attributes:
        space: What is searched.
        prepared: What every trial reads.
        writer: Of the results folder.
        judge: What decides on reports.
        checkpoints: The checkpoints of the trials.
        stop: Whether the sweep is to stop.
        slots: The number of trials that may run at once.
        rungs: The samples at which they stand.
    """

    space: Space
    prepared: Prepared
    writer: ResultsWriter
    judge: Judge
    checkpoints: CheckpointManager
    stop: StopRequest
    slots: TrialSlots
    rungs: Sequence[int]

    def run(self, rerun: Sequence[Record]) -> bool:
        """Run what is left to run, until nothing is or the sweep is to stop; whether nothing is.

        Tune leaves a trial lying whose worker died between two trials: it takes another round.

        Args:
            rerun: Failed trials to run once more.
        """
        space, folder, idle = self.space, self.writer.folder, 0
        while True:
            study = StudySearch(
                space,
                folder.study,
                self.judge,
                self.stop,
                plan_of=lambda settings: effective_plan(settings, self.prepared.features),
                room=lambda left: self.slots(left, self.stop),
                rungs=self.rungs,
            )
            study.take_up(self.judge.last)
            study.rerun(rerun)
            rerun = ()
            if study.left == 0:
                return True
            if self.stop.asked or idle > space.settings.resources.retries:
                return False
            before = self.judge.reports
            self._tune(study)
            idle = idle + 1 if self.judge.reports == before else 0

    def _tune(self, study: StudySearch) -> None:
        space, folder, judge = self.space, self.writer.folder, self.judge
        resources = space.settings.resources
        trainable = tune.with_parameters(
            CurriculumTrial,
            space=space,
            features=self.prepared.shared,
            gpu=resources.gpus > 0,
            checkpoints=self.checkpoints.store,
        )
        for name in ("ray.tune", "ray.air", "ray.train"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # the judge says what matters
        try:
            with warnings.catch_warnings(), adapted():
                warnings.simplefilter("ignore")
                tune.run(
                    tune.with_resources(trainable, {"cpu": resources.cpus, "gpu": resources.gpus}),
                    name=folder.tune.name,
                    storage_path=str(folder.path.resolve()),
                    search_alg=study,
                    scheduler=JudgeScheduler(judge, self.stop),
                    num_samples=-1,  # the search says when there is nothing left
                    max_concurrent_trials=study.left,  # of these, as many as there are slots for
                    reuse_actors=True,
                    trial_name_creator=trial_name,
                    trial_dirname_creator=trial_name,
                    max_failures=resources.retries,
                    checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                    callbacks=[
                        Checkpoints(judge, self.checkpoints),
                        NoProgress(),
                        *trackers(space.settings.tracking, folder),
                    ],
                    stop=self.stop,
                    raise_on_failed_trial=False,
                    verbose=0,
                )
        except Exception as error:
            if judge.broken:
                raise judge.broken from None
            if is_disk_full(str(error)):
                raise StorageError(f"a sweep must have room to write: {folder.path}") from error
            kept = self.writer.keep_traceback(None, traceback.format_exc())
            raise SweepError(
                f"Ray Tune ended on an error: {str(error).strip().splitlines()[-1]} ({kept}); every"
                f" report is kept, go on with: class-sweep resume {folder.path}"
            ) from error

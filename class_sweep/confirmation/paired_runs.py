"""Complete trainings as Ray tasks over shared features, for paired comparisons."""

import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from class_sweep.config.axes import Value
from class_sweep.config.document import SEED, Space
from class_sweep.config.identity import identity
from class_sweep.config.objective import POOLS
from class_sweep.errors import ClassSweepError
from class_sweep.execution.checkpoints import CheckpointStore, restored, run_checkpoint_name
from class_sweep.execution.context import SweepContext
from class_sweep.execution.tasks import run_tasks
from class_sweep.training import slices
from class_sweep.training.features import TrialFeatures
from class_sweep.training.loop import Trainer
from class_sweep.training.replicas import Replicas
from class_sweep.training.slices import train_in_slices
from class_sweep.training.split_metrics import metrics_of_ranks


@dataclass(frozen=True, eq=False)
class Job:
    """A configuration to train to its end under a seed."""

    arm: str
    values: Mapping[str, Value]
    seed: int

    def checkpoint(self, space: Space) -> str:
        """The name of its checkpoint."""
        return run_checkpoint_name(identity(space.resolve({**self.values, SEED: self.seed})))


@dataclass(frozen=True)
class Trained:
    """The outcome of a job.

    Attributes:
        samples: Samples seen.
        seconds: Wall time of the training, without the evaluation.
        metrics: Every metric over the split.
        ranks: `pool/direction` to the (Q,) ranks of the split's queries.
        reason: Why the job failed; None if it finished.
        traceback: Set with the reason if another try may succeed.
    """

    samples: int = 0
    seconds: float = 0.0
    metrics: dict[str, float] = field(default_factory=dict)
    ranks: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    reason: str | None = None
    traceback: str | None = None

    @property
    def transient(self) -> bool:
        """Whether the run failed in a way that another try may not repeat."""
        return self.traceback is not None

    @classmethod
    def died(cls, reason: str, details: str) -> Self:
        """The result of a run whose process died."""
        return cls(reason=reason, traceback=details)


def train_job(
    arrays: dict[str, NDArray[Any]],
    job: Job,
    space: Space,
    split: str,
    checkpoints: CheckpointStore,
    every: float,
) -> Trained:
    """Train one job in this process; a failure is reported, never raised.

    A job whose process was killed continues from its last checkpoint.

    Args:
        arrays: `TrialFeatures.arrays()`.
        job: The configuration and its seed.
        space: The search space.
        split: The split that is ranked at the end.
        checkpoints: The checkpoints of the sweep.
        every: The least seconds between two checkpoints.
    """
    resources = space.settings.resources
    # Torch uses every core by default, and tasks that share cores slow each other down.
    torch.set_num_threads(resources.threads)
    try:
        features = TrialFeatures.from_arrays(arrays)
        settings = space.resolve({**job.values, SEED: job.seed})
        name = job.checkpoint(space)
        gpu = resources.gpus > 0
        with Replicas.of(resources, gpu=gpu) as replicas:
            trainer = restored(
                lambda: Trainer(settings, features, gpu=gpu, replicas=replicas), checkpoints, name
            )
            for _ in train_in_slices(trainer, lambda: checkpoints.save(name, trainer.save), every):
                pass
        checkpoints.discard(name)
        ranks = trainer.ranks(split, POOLS)
        features.require_unaltered()
    except (ClassSweepError, torch.OutOfMemoryError) as error:  # another try would fail too
        return Trained(reason=str(error))
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        return Trained(reason=reason, traceback=traceback.format_exc())
    # float32 holds half ranks below 2^23 exactly.
    compact = {name: values.astype(np.float32) for name, values in ranks.items()}
    return Trained(trainer.samples, round(trainer.seconds, 3), metrics_of_ranks(ranks), compact)


def retrain(
    context: SweepContext, jobs: Sequence[Job], split: str
) -> Iterator[tuple[Job, Trained]]:
    """Train all jobs, as many at a time as fit, and yield each as it ends.

    After a stop is requested, or when the time is up, no job starts; running jobs are waited for.
    The checkpoint of a job is removed when the caller has recorded it and asks for the next one.

    Args:
        context: The running sweep.
        jobs: What to train.
        split: The split that is ranked at the end of each job.
    """
    space, checkpoints = context.space, context.checkpoints
    arguments = (space, split, checkpoints.store, slices.CHECKPOINT_EVERY)
    for job, trained in run_tasks(context, train_job, jobs, *arguments, result_type=Trained):
        yield job, trained
        checkpoints.remove(job.checkpoint(space))
    if context.may_begin:
        checkpoints.remove_all(job.checkpoint(space) for job in jobs)

"""Whole trainings as Ray tasks, over features that all of them share."""

import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import ray
import torch
from numpy.typing import NDArray
from ray.exceptions import RayError

from class_sweep.config.axes import Value
from class_sweep.config.document import Space
from class_sweep.config.objective import POOLS
from class_sweep.errors import ClassSweepError
from class_sweep.execution.cluster.trial_slots import TrialSlots
from class_sweep.execution.interrupts import StopRequest
from class_sweep.results.curves import SEED
from class_sweep.training.evaluation import metrics_of
from class_sweep.training.features import TrialFeatures
from class_sweep.training.loop import Trainer

_GLANCE = 0.5  # seconds between two looks at whether to stop


@dataclass(frozen=True, eq=False)
class Job:
    """A configuration to train to its end under a seed."""

    arm: str
    values: Mapping[str, Value]
    seed: int


@dataclass(frozen=True)
class Trained:
    """What came of it.

    Attributes:
        samples: Samples seen.
        seconds: Wall time of the training, without the evaluation.
        metrics: Every metric over the split.
        ranks: Of the split's queries, `pool/direction` to (Q,).
        reason: Why it failed; None where it did not.
        traceback: With the reason, where another try may go well.
    """

    samples: int = 0
    seconds: float = 0.0
    metrics: dict[str, float] = field(default_factory=dict)
    ranks: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    reason: str | None = None
    traceback: str | None = None


def train_whole(arrays: Mapping[str, NDArray[Any]], space: Space, job: Job, split: str) -> Trained:
    """Train one job in this process; a failure is reported, never raised."""
    resources = space.settings.resources
    # Torch takes every core it sees unless told, and tasks that share cores wait for each other.
    torch.set_num_threads(max(1, int(resources.cpus)))
    try:
        features = TrialFeatures.from_arrays(arrays)
        settings = space.resolve({**job.values, SEED: job.seed})
        trainer = Trainer(settings, features, gpu=resources.gpus > 0)
        start = time.perf_counter()
        trainer.train_to(trainer.schedule.steps)
        seconds = round(time.perf_counter() - start, 3)
        ranks = trainer.ranks(split, POOLS)
        features.require_unaltered()
    except (ClassSweepError, torch.OutOfMemoryError) as error:  # it would come again
        return Trained(reason=str(error))
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        return Trained(reason=reason, traceback=traceback.format_exc())
    exact = {name: of.astype(np.float32) for name, of in ranks.items()}  # halves below 2^23
    return Trained(trainer.samples, seconds, metrics_of(ranks), exact)


def retrain(
    jobs: Sequence[Job],
    space: Space,
    arrays: "ray.ObjectRef[Any]",
    split: str,
    stop: StopRequest,
    slots: TrialSlots,
) -> Iterator[tuple[Job, Trained]]:
    """Train all jobs, as many at a time as fit, and yield each as it ends.

    Once a stop is asked for, none is started any more; those that run are waited for.

    Args:
        jobs: What to train.
        space: Of the sweep.
        arrays: `TrialFeatures.arrays()` in the object store.
        split: On which each is evaluated.
        stop: Whether to stop.
        slots: How many may run at once.
    """
    resources = space.settings.resources
    task = ray.remote(train_whole).options(
        num_cpus=resources.cpus, num_gpus=resources.gpus, max_retries=0
    )
    waiting = [(job, resources.retries) for job in reversed(jobs)]
    flying: dict[Any, tuple[Job, int]] = {}
    while flying or (waiting and not stop.asked):
        while waiting and len(flying) < slots(len(jobs), stop) and not stop.asked:
            job, left = waiting.pop()
            flying[task.remote(arrays, space, job, split)] = job, left
        ready, _ = ray.wait(list(flying), timeout=_GLANCE)
        for reference in ready:
            job, left = flying.pop(reference)
            trained = _result(reference)
            if trained.traceback and left and not stop.asked:
                waiting.append((job, left - 1))
            else:
                yield job, trained


def _result(reference: Any) -> Trained:
    try:
        trained: Trained = ray.get(reference)
    except RayError as error:  # its process died
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        return Trained(reason=said, traceback=str(error))
    return trained

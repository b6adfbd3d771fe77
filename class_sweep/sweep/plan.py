"""What a space will run, in numbers, before anything is trained."""

import math
import os
from dataclasses import dataclass

import torch

from class_sweep.config.document import Space
from class_sweep.config.sections import Resources
from class_sweep.curriculum.extent import schedule_range
from class_sweep.curriculum.schedule import full_data_samples
from class_sweep.data.pair import PairSet
from class_sweep.errors import InputError
from class_sweep.training.milestones import ladder


@dataclass(frozen=True)
class SweepPlan:
    """The resolved plan of a sweep on this machine.

    Attributes:
        pairs: Pairs of each split.
        steps: Optimizer steps of the shortest and of the longest schedule that the space admits.
        full_samples: Samples of one trial over the full data.
        full_budget: Samples if every trial ran to its end over the full data.
        rungs: Samples at each rung.
        at_a_time: Trials that run at once.
        cores: Cores of this machine.
        gpus: GPUs of this machine.
    """

    pairs: dict[str, int]
    steps: tuple[int, int]
    full_samples: int
    full_budget: int
    rungs: list[int]
    at_a_time: int
    cores: int
    gpus: int


def local_capacity() -> tuple[int, int]:
    """Cores and GPUs that this process may use."""
    return len(os.sched_getaffinity(0)), torch.cuda.device_count()


def require_resources(space: Space) -> int:
    """How many trials of the space run at once on this machine.

    Raises:
        InputError: If one trial asks for more than there is.
    """
    cores, gpus = local_capacity()
    search = space.settings.search
    return fitting(space.settings.resources, search.max_concurrent, search.runs, cores, gpus)


def plan_sweep(space: Space, pairs: PairSet) -> SweepPlan:
    """Work a space out for its pairs on this machine.

    Raises:
        InputError: If a trial asks for more cores or GPUs than there are.
    """
    settings = space.settings
    counts = {name: len(pairs.rows(name)) for name in ("train", "validation", "test")}
    full = full_data_samples(counts["train"], settings.optimizer.batch_size, settings.budget)
    shortest, longest = schedule_range(space, counts["train"])
    cores, gpus = local_capacity()
    return SweepPlan(
        pairs=counts,
        steps=(shortest.steps, longest.steps),
        full_samples=full,
        full_budget=full * settings.search.runs,
        rungs=ladder(space, counts["train"]),
        at_a_time=require_resources(space),
        cores=cores,
        gpus=gpus,
    )


def fitting(resources: Resources, limit: int | None, trials: int, cpus: float, gpus: float) -> int:
    """How many trials fit at once on given cores and GPUs; see `trials_at_a_time`."""
    for name, need, have in (("cpus", resources.cpus, cpus), ("gpus", resources.gpus, gpus)):
        if need > have:
            raise InputError(
                f"resources.{name} must be at most what there is ({have:g}), got {need:g}"
            )
    fit = math.floor(cpus / resources.cpus + 1e-9)
    if resources.gpus:
        fit = min(fit, math.floor(gpus / resources.gpus + 1e-9))
    return max(1, min(fit, trials, limit or trials))

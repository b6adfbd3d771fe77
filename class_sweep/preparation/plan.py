"""The plan of a sweep in numbers, before any training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from class_sweep.base.threads import usable_cores
from class_sweep.config.document import Space
from class_sweep.config.inputs import SPLITS
from class_sweep.curriculum.schedule import full_data_samples
from class_sweep.curriculum.schedule_bounds import schedule_bounds
from class_sweep.data.pair import PairSet
from class_sweep.errors import ConfigError
from class_sweep.preparation.capacity import Machine, parallel_trials
from class_sweep.preparation.difficulty_numbers import computed_difficulties, training_samples
from class_sweep.tuning.milestones import Rungs


@dataclass(frozen=True)
class SweepPlan:
    """The plan of a sweep.

    Attributes:
        pairs: The number of pairs of each split.
        steps: The optimizer steps of the shortest and of the longest schedule of the space.
        full_samples: The samples of one trial on the full data.
        full_budget: The samples if every trial ran to its end on the full data.
        rungs: The rungs of the pruner.
        parallel_trials: The number of trials that run in parallel.
        machines: The machines that may run trials.
        difficulties: By its label, each difficulty that is computed before the trials: the samples
            that it trains on, 0 if it trains nothing.
    """

    pairs: dict[str, int]
    steps: tuple[int, int]
    full_samples: int
    full_budget: int
    rungs: Rungs
    parallel_trials: int
    machines: Sequence[Machine]
    difficulties: Mapping[str, int]


def this_machine() -> Machine:
    """The cores and GPUs that this process may use."""
    return Machine("this machine", usable_cores(), torch.cuda.device_count())


def require_resources(space: Space, machines: Sequence[Machine]) -> int:
    """Compute the number of trials of the space that run in parallel.

    Raises:
        InputError: If no machine holds one trial, or a trial asks for a GPU that it cannot use.
    """
    search, resources = space.settings.search, space.settings.resources
    if resources.gpus > 1 and resources.gpus != resources.processes:
        # Not a rule of the file: results of older versions stay readable.
        raise ConfigError(
            f"{space.place('resources.gpus')}: must be a share of one GPU, or a whole number of"
            f" GPUs, got {resources.gpus:g}; write {resources.processes} or"
            f" {resources.processes + 1}"
        )
    return parallel_trials(resources, search.max_concurrent, search.runs, machines, space.place)


def plan_sweep(space: Space, pairs: PairSet, machines: Sequence[Machine]) -> SweepPlan:
    """Compute the plan of a space for its pairs and machines.

    Raises:
        InputError: If no machine holds one trial.
    """
    settings = space.settings
    counts = {name: len(pairs.rows(name)) for name in SPLITS}
    full = full_data_samples(counts["train"], settings.optimizer.batch_size, settings.budget)
    shortest, longest = schedule_bounds(space, counts["train"])
    return SweepPlan(
        pairs=counts,
        steps=(shortest.steps, longest.steps),
        full_samples=full,
        full_budget=full * settings.search.runs,
        rungs=Rungs.of(space, counts["train"]),
        parallel_trials=require_resources(space, machines),
        machines=machines,
        difficulties={
            label: training_samples(space, difficulty, counts["train"])
            for label, difficulty in computed_difficulties(space).items()
        },
    )

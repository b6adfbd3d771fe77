"""The costs of a trial, measured: its start, a few real steps on full data, and a report."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from class_sweep.base.device import processor_name
from class_sweep.config.document import Space
from class_sweep.config.objective import POOLS
from class_sweep.config.sections import Settings
from class_sweep.curriculum.baselines import baseline_config
from class_sweep.training.features import TrialFeatures
from class_sweep.training.loop import Trainer
from class_sweep.tuning.time_plan import Costs

SECONDS = 1.0
"""The time that a measurement takes, unless a single step takes longer."""


def warm_up(space: Space, features: TrialFeatures, *, gpu: bool) -> None:
    """Train one step, so that a measurement has no cost that a process pays once.

    Args:
        space: The space, with its axes at their centres.
        features: The features of its data.
        gpu: Whether trials train on a GPU.
    """
    settings = space.resolve(baseline_config(space, "full_data"))
    with _threads_of(settings):
        _started(settings, features, gpu=gpu)


def measure_costs(space: Space, features: TrialFeatures, *, gpu: bool) -> Costs:
    """Train full data for about `SECONDS`, and rank validation once; see `warm_up`.

    The first step belongs to the start of a trial: it makes the buffers of the optimizer.

    Args:
        space: The space, with its axes at their centres.
        features: The features of its data.
        gpu: Whether trials train on a GPU.
    """
    settings = space.resolve(baseline_config(space, "full_data"))
    with _threads_of(settings) as cores:
        begun = time.perf_counter()
        trainer = _started(settings, features, gpu=gpu)
        start, steps = time.perf_counter() - begun, trainer.schedule.steps
        first, begun, size = trainer.step, time.perf_counter(), 1
        while (left := SECONDS - (time.perf_counter() - begun)) > 0 and trainer.step < steps:
            trainer.train_to(min(steps, trainer.step + size))
            each = (time.perf_counter() - begun) / (trainer.step - first)
            size = max(1, min(2 * size, int(left / 2 / each)))
        _wait_for(trainer.device)
        step = (time.perf_counter() - begun) / max(1, trainer.step - first)
        begun = time.perf_counter()
        trainer.evaluate("validation", POOLS)
        _wait_for(trainer.device)
        evaluation = time.perf_counter() - begun
        return Costs(step, evaluation, max(0.0, start - step), machine_name(cores, gpu=gpu))


@contextmanager
def _threads_of(settings: Settings) -> Iterator[int]:
    """Let torch use as many threads as a trial, and give their number."""
    cores = max(1, int(settings.resources.cpus))
    before = torch.get_num_threads()
    torch.set_num_threads(cores)
    try:
        yield cores
    finally:
        torch.set_num_threads(before)


def _started(settings: Settings, features: TrialFeatures, *, gpu: bool) -> Trainer:
    """A trainer after its first step."""
    trainer = Trainer(settings, features, gpu=gpu)
    trainer.train_to(min(1, trainer.schedule.steps))
    _wait_for(trainer.device)
    return trainer


def machine_name(cores: int, *, gpu: bool) -> str:
    """The GPU, or the processor and the number of cores that a trial uses."""
    if gpu:
        return torch.cuda.get_device_name()
    return f"{processor_name()}, {cores} {'core' if cores == 1 else 'cores'}"


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)

"""The Ray instance that a sweep runs on, and what a trial may hold of it."""

import logging
import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from class_sweep.config.sections import Resources
from class_sweep.errors import InputError

# Read by Ray when it is imported or started; a user's own setting wins.
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # trials.jsonl and study.db hold what they would
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",  # a sweep resumes from its own log, not from Tune's
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


@contextmanager
def local_ray() -> Iterator[None]:
    """A Ray instance on loopback for the length of a sweep; one that runs already is used as is."""
    import ray  # noqa: PLC0415 - what only looks at a sweep starts without it

    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if ray.is_initialized():
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Ray's own making, none of it a user's doing
        ray.init(
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            _node_ip_address="127.0.0.1",
        )
    try:
        yield
    finally:
        ray.shutdown()


def trials_at_a_time(resources: Resources, limit: int | None, trials: int) -> int:
    """How many trials fit at once.

    Raises:
        InputError: If not even one does.
    """
    import ray  # noqa: PLC0415

    there = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return fitting(resources, limit, trials, there.get("CPU", 0), there.get("GPU", 0))


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

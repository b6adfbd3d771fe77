"""A local Ray instance for one sweep, whose workers import torch before trials start."""

import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

import ray

from class_sweep.execution.cluster.nodes import alive_nodes
from class_sweep.preparation.capacity import Machine
from class_sweep.preparation.footprint import gpu_memory

# Ray reads these when it is imported or started. Variables that the user has set have priority.
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # trials.jsonl and study.db replace them
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",  # a sweep resumes from its own log
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # see class_sweep.execution.interrupts
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # Imported by idle workers; torch loads its _dynamo with the first optimizer.
    "RAY_preload_python_modules": "torch,torch._dynamo,class_sweep.execution.tune.trainable",
    "RAY_OVERRIDE_JOB_RUNTIME_ENV": "1",  # a job of `ray job submit` has one of its own
}


def set_environment() -> None:
    """Set the variables that configure Ray and Tune, unless the user has set them."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)


class LocalRay:
    """A Ray instance on loopback that starts in the background; a running one is used as it is.

    Its workers import the packages of a trial while the driver prepares. Leaving the context
    manager stops the instance, even one that is still starting.
    """

    launchable: Sequence[Machine] = ()

    def __init__(self, cores: int | None = None) -> None:
        """Take the number of cores, by default all; each gets a worker that imports torch."""
        self._cores = cores
        self._thread: threading.Thread | None = None
        self._up, self._stop = threading.Event(), threading.Event()
        self._error: BaseException | None = None

    def start(self) -> None:
        """Start the instance in the background."""
        set_environment()
        if not ray.is_initialized():
            self._thread = threading.Thread(target=self._run, name="ray")
            self._thread.start()

    def wait(self) -> None:
        """Wait until the instance is up; raises the error that prevented it."""
        if self._thread:
            self._up.wait()
        if self._error:
            raise self._error

    def _run(self) -> None:
        """Start and stop Ray in one thread: its processes die with the thread that started them."""
        try:
            ray.init(
                address="local",  # else Ray would join any cluster that runs on this machine
                num_cpus=self._cores,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                _node_ip_address="127.0.0.1",
            )
        except Exception as error:
            self._error = error
        finally:
            self._up.set()
        self._stop.wait()
        ray.shutdown()

    def machines(self) -> list[Machine]:
        """The list of this machine alone."""
        return list(alive_nodes().values())

    def gpu_memory(self, share: float) -> list[int]:  # noqa: ARG002 - of RayRuntime
        """Memory in bytes of each GPU of this machine."""
        return gpu_memory()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()


@contextmanager
def local_ray() -> Iterator[None]:
    """Run a `LocalRay` for the length of a block."""
    with LocalRay() as instance:
        instance.start()
        instance.wait()
        yield

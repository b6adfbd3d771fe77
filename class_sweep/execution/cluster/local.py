"""A Ray instance of a sweep's own, with workers that are warm."""

import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

import ray

from class_sweep.execution.cluster.nodes import alive
from class_sweep.preparation.capacity import Machine
from class_sweep.preparation.footprint import gpu_memory

# Read by Ray when it is imported or started; a user's own setting wins.
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # trials.jsonl and study.db hold what they would
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",  # a sweep resumes from its own log, not from Tune's
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is taken by `class_sweep.execution.interrupts`
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # What a worker imports while it is idle; torch loads its _dynamo when it makes an optimizer.
    "RAY_preload_python_modules": "torch,torch._dynamo,class_sweep.execution.tune.trainable",
    "RAY_OVERRIDE_JOB_RUNTIME_ENV": "1",  # what a submitted job names too is no conflict
}


def set_environment() -> None:
    """Say what Ray and Tune are to do, where the user has not."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)


class LocalRay:
    """A Ray instance on loopback, started in the background; one that runs already is used as is.

    Its workers import what a trial needs as soon as they are up, while the driver prepares.
    A context manager: leaving it stops the instance, whether it had come up or not.
    """

    launchable: Sequence[Machine] = ()

    def __init__(self, cores: int | None = None) -> None:
        """Know the cores that it may use, all of them unless said: a worker is warmed for each."""
        self._cores = cores
        self._thread: threading.Thread | None = None
        self._up, self._stop = threading.Event(), threading.Event()
        self._error: BaseException | None = None

    def start(self) -> None:
        """Begin to start it, and return."""
        set_environment()
        if not ray.is_initialized():
            self._thread = threading.Thread(target=self._run, name="ray")
            self._thread.start()

    def wait(self) -> None:
        """Until it is up; raises what kept it from that."""
        if self._thread:
            self._up.wait()
        if self._error:
            raise self._error

    def _run(self) -> None:
        """Start, stay and stop, all in one thread: Ray's processes die with their maker."""
        try:
            ray.init(
                address="local",  # else Ray would join whatever cluster somebody else runs here
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
        """The one that there is."""
        return list(alive().values())

    def gpu_memory(self, share: float) -> list[int]:  # noqa: ARG002 - whatever the share
        """Bytes of each GPU of this machine."""
        return gpu_memory()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()


@contextmanager
def local_ray() -> Iterator[None]:
    """A `LocalRay` that is up."""
    with LocalRay() as instance:
        instance.start()
        instance.wait()
        yield

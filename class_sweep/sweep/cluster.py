"""The Ray instance that a sweep runs on, and what a trial may hold of it."""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import ray
from ray.tune.execution import tune_controller
from ray.tune.execution.class_cache import _ActorClassCache

from class_sweep.config.sections import Resources
from class_sweep.errors import InputError
from class_sweep.sweep.plan import fitting

# Read by Ray when it is imported or started; a user's own setting wins.
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # trials.jsonl and study.db hold what they would
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",  # a sweep resumes from its own log, not from Tune's
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is taken by `class_sweep.sweep.interrupt`
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # What a worker imports while it is idle; torch loads its _dynamo when it makes an optimizer.
    "RAY_preload_python_modules": "torch,torch._dynamo,class_sweep.sweep.trainable",
}


class LocalRay:
    """A Ray instance on loopback, started in the background; one that runs already is used as is.

    Its workers import what a trial needs as soon as they are up, while the driver prepares.
    A context manager: leaving it stops the instance, whether it had come up or not.
    """

    def __init__(self, cores: int | None = None) -> None:
        """Know the cores that it may use, all of them unless said: a worker is warmed for each."""
        self._cores = cores
        self._thread: threading.Thread | None = None
        self._up, self._stop = threading.Event(), threading.Event()
        self._error: BaseException | None = None

    def start(self) -> None:
        """Begin to start it, and return."""
        for name, value in _ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        if not ray.is_initialized():
            self._thread = threading.Thread(target=self._run, name="ray")
            self._thread.start()
            if "RAY_ADDRESS" in os.environ:
                self.wait()  # the nodes of a cluster count the index too

    def wait(self) -> None:
        """Until it is up; raises what kept it from that.

        Raises:
            InputError: If RAY_ADDRESS names a cluster that does not answer.
        """
        if self._thread:
            self._up.wait()
        address = os.environ.get("RAY_ADDRESS")
        if address and isinstance(self._error, ConnectionError):
            raise InputError(f"RAY_ADDRESS must be a cluster that answers, got {address}")
        if self._error:
            raise self._error

    def _run(self) -> None:
        """Start, stay and stop, all in one thread: Ray's processes die with their maker."""
        # Else Ray would join whatever cluster somebody else runs on this machine.
        place: dict[str, Any] = {"address": "local", "num_cpus": self._cores}
        if "RAY_ADDRESS" in os.environ:
            place = {}
        try:
            ray.init(
                **place,
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


class _PlainActors(_ActorClassCache):
    """Stands where Tune makes its actors, and gives them no environment of their own.

    Tune's own names one, for Lightning's sake, which no idle worker was started with: each actor
    would be a new process that imports torch while the warm ones stand by.
    """

    def get(self, trainable_cls: type) -> Any:
        if trainable_cls not in self._cache:
            self._cache[trainable_cls] = ray.remote(trainable_cls)
        return self._cache[trainable_cls]


@contextmanager
def warm_actors() -> Iterator[None]:
    """Let Tune's actors take the workers that are already warm."""
    tune_controller._ActorClassCache = _PlainActors  # type: ignore[attr-defined]
    try:
        yield
    finally:
        tune_controller._ActorClassCache = _ActorClassCache  # type: ignore[attr-defined]


def trials_at_a_time(resources: Resources, limit: int | None, trials: int) -> int:
    """How many trials fit at once.

    Raises:
        InputError: If not even one does.
    """
    there = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return fitting(resources, limit, trials, there.get("CPU", 0), there.get("GPU", 0))

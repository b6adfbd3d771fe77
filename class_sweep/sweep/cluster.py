"""The Ray that a sweep runs on: an instance of its own, or a cluster that it joins."""

import logging
import math
import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, Self

import ray
from ray._private.ray_logging import stdout_deduplicator
from ray.tune.execution import tune_controller
from ray.tune.execution.class_cache import _ActorClassCache

from class_sweep.config.document import Space
from class_sweep.errors import InputError
from class_sweep.sweep.address import require_cluster, wanted_address
from class_sweep.sweep.capacity import Machine
from class_sweep.sweep.footprint import gpu_memory
from class_sweep.sweep.nodes import Roster, alive, launchable
from class_sweep.sweep.plan import require_resources, this_machine

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
    "RAY_OVERRIDE_JOB_RUNTIME_ENV": "1",  # what a submitted job names too is no conflict
}
# Settings of the driver's shell that its workers on other machines go by as well.
_CARRIED = (
    "CUBLAS_WORKSPACE_CONFIG",
    "HF_HUB_OFFLINE",
    "PYTORCH_ALLOC_CONF",
    "PYTORCH_CUDA_ALLOC_CONF",
)


class Workers(Protocol):
    """The Ray that trials run on; a context manager, left when they are done."""

    launchable: Sequence[Machine]  # brought where trials ask for more than there is

    def start(self) -> None:
        """Begin to start it where it is not there yet, and return."""

    def wait(self) -> None:
        """Until it is up; raises what kept it from that."""

    def machines(self) -> list[Machine]:
        """Those that trials may run on at this moment."""

    def gpu_memory(self, share: float) -> list[int]:
        """Bytes of GPUs that trials of such a share may get."""

    def __enter__(self) -> Self:
        """Join it where it is another's."""

    def __exit__(self, *_: object) -> None:
        """Stop it where it is one's own."""


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
        _set_environment()
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


class JoinedRay:
    """Another's cluster, joined for the length of a block; its nodes come and go.

    Joined at once: its nodes count the difficulty index too.
    """

    def __init__(self, address: str, space: Space) -> None:
        """Know where it is and what is to run there."""
        self._address, self._space = address, space
        self.launchable: Sequence[Machine] = ()

    def __enter__(self) -> Self:
        """Join it.

        Raises:
            InputError: If it does not answer, a node runs something else than this machine, or
                none holds a trial.
        """
        require_cluster(self._address)
        _set_environment()
        carried = {name: os.environ[name] for name in _CARRIED if name in os.environ}
        try:
            ray.init(
                address=self._address,
                log_to_driver=False,
                logging_level=logging.ERROR,
                runtime_env={"env_vars": carried} if carried else None,
            )
        except (ConnectionError, RuntimeError) as error:  # of another Ray or Python, for one
            reason = " ".join(str(error).split())
            raise InputError(f"a cluster must be joined: {self._address}: {reason}") from None
        # A node that is lost is told of in a line of ours, not by a dump of its state.
        stdout_deduplicator.skip_re = re.compile("Raylet is terminated|has been marked dead")
        try:
            self._roster = Roster()
            self._roster.require_alike()
            self.launchable = launchable()
            require_resources(self._space, [*self.machines(), *self.launchable])
        except BaseException:
            ray.shutdown()
            raise
        return self

    def start(self) -> None:
        """It runs already."""

    def wait(self) -> None:
        """It is up already."""

    def machines(self) -> list[Machine]:
        """Its nodes, as far as they run what this machine runs."""
        return self._roster.machines()

    def gpu_memory(self, share: float) -> list[int]:
        """Bytes of a GPU of each node that has some."""
        return self._roster.gpu_memory(share)

    def __exit__(self, *_: object) -> None:
        ray.shutdown()


def workers_of(space: Space, address: str | None) -> Workers:
    """What the trials of a space run on.

    Args:
        space: Of the sweep.
        address: Of a cluster; None: RAY_ADDRESS where it is set, else an instance of its own.

    Raises:
        InputError: If this machine holds no trial.
    """
    cluster = wanted_address(address)
    if cluster:
        return JoinedRay(cluster, space)
    at_a_time = require_resources(space, [this_machine()])
    return LocalRay(math.ceil(at_a_time * space.settings.resources.cpus))


def _set_environment() -> None:
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)


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

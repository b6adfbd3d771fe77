"""A local Ray instance for one sweep, whose workers import torch before trials start."""

import itertools
import os
import re
import selectors
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NoReturn, Self

import psutil
import ray

from class_sweep.errors import ClassSweepError, InputError
from class_sweep.execution.cluster.guard import Guard
from class_sweep.execution.cluster.nodes import alive_nodes
from class_sweep.execution.cluster.private_ray import private_ray
from class_sweep.execution.cluster.session_folder import session_folder
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

START_SECONDS = 180.0  # for Ray to start; it takes 4 s on two quiet cores
_STOP_SECONDS = 60.0
_STOP_POLL_SECONDS = 0.05
# The processes without which a Ray ends, by the file name of their program.
_SERVERS = {"gcs_server": "control store (gcs_server)", "raylet": "raylet"}
_AGENT = re.compile(r"^ray::\w+Agent|/agent\.py$|/agent/main\.py$")  # children of the raylet


def set_environment() -> None:
    """Set the variables that configure Ray and Tune, unless the user has set them."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)


class LocalRay:
    """A Ray instance on loopback that starts in the background; a running one is used as it is.

    Its workers import the packages of a trial while the driver prepares. Leaving the context
    manager stops the instance, even one that is still starting. When one of its vital processes
    ends before, the guard ends this process with an error.
    """

    launchable: Sequence[Machine] = ()

    def __init__(self, cores: int | None = None, guard: Guard | None = None) -> None:
        """Take the number of cores, by default all; each gets a worker that imports torch."""
        self._cores, self._guard = cores, guard or Guard()
        self._thread: threading.Thread | None = None
        self._up, self._stop = threading.Event(), threading.Event()
        self._error: Exception | None = None

    def start(self) -> None:
        """Start the instance in the background."""
        set_environment()
        if not ray.is_initialized():
            # A daemon, because nothing can end a start that hangs in Ray.
            self._thread = threading.Thread(target=self._run, name="ray", daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Wait until the instance is up.

        Raises:
            InputError: If it does not start, or not in time.
        """
        if self._thread and not self._up.wait(START_SECONDS):
            raise InputError(_not_started(f"nothing in {START_SECONDS:.0f} s"))
        if isinstance(self._error, ClassSweepError):
            raise self._error
        if self._error:
            reason = str(self._error).strip() or type(self._error).__name__
            raise InputError(_not_started(reason.splitlines()[0])) from self._error

    def _run(self) -> None:
        """Start and stop Ray in one thread: its processes die with the thread that started them."""
        try:
            with session_folder() as session:
                self._guard.keep(session.path)
                with private_ray(session, self._cores):
                    self._up.set()
                    self._watch(session.path)
        except Exception as error:
            self._error = error
        finally:
            self._up.set()

    def _watch(self, session: Path) -> None:
        """Return when the instance is to stop; end this process if a vital one has ended."""
        vital = _vital_processes(session)
        if not hasattr(os, "pidfd_open"):  # macOS
            while not self._stop.wait(_STOP_POLL_SECONDS):
                for name in itertools.compress(vital.values(), map(_has_ended, vital)):
                    self._end(name)
            return
        with ExitStack() as stack:
            ended = stack.enter_context(selectors.DefaultSelector())
            for process, name in vital.items():
                try:
                    # Readable from the end of the process on, so that nothing is lost by polling.
                    handle = os.pidfd_open(process.pid)
                except ProcessLookupError:
                    self._end(name)
                stack.callback(os.close, handle)
                ended.register(handle, selectors.EVENT_READ, name)
            while not self._stop.is_set():
                for key, _ in ended.select(_STOP_POLL_SECONDS):
                    self._end(key.data)

    def _end(self, name: str) -> NoReturn:
        self._guard.end(f"Ray must run as long as the sweep, but its {name} has ended")

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
            self._thread.join(_STOP_SECONDS)


def _vital_processes(session: Path) -> dict[psutil.Process, str]:
    """The processes of a session that this one has started and without which its Ray ends."""
    vital = {}
    for server in _children(psutil.Process()):
        arguments = _arguments(server)
        name = _SERVERS.get(Path(arguments[0]).name)
        if name and any(str(session) in argument for argument in arguments):
            vital[server] = name
            for agent in _children(server):
                if any(map(_AGENT.search, _arguments(agent)[:3])):
                    vital[agent] = "agent"
    return vital


def _has_ended(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return True


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children())
    except psutil.Error:  # it has ended
        return []


def _arguments(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline()) or [""]
    except psutil.Error:
        return [""]


def _not_started(reason: str) -> str:
    return (
        f"Ray must start on this machine, got: {reason}; nothing was written; look at free memory,"
        " the load and the limits of the shell (ulimit -a), and start the command again"
    )


@contextmanager
def local_ray() -> Iterator[None]:
    """Run a `LocalRay` for the length of a block."""
    with LocalRay() as instance:
        instance.start()
        instance.wait()
        yield

"""The context of a running sweep: one object that all of its stages share."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import ray

from class_sweep.base.array_cache import ArrayCache
from class_sweep.config.document import Space
from class_sweep.config.sections import Tracking
from class_sweep.errors import command_line
from class_sweep.execution.checkpoint_manager import CheckpointManager
from class_sweep.execution.cluster.distributed_index import cluster_executor
from class_sweep.execution.cluster.guard import Guard
from class_sweep.execution.cluster.runtime import RayRuntime, open_runtime
from class_sweep.execution.cluster.shared_storage import require_shared
from class_sweep.execution.cluster.trial_slots import TrialSlots
from class_sweep.execution.interrupts import StopRequest
from class_sweep.execution.time_budget import TimeBudget, plan_hours, used_since
from class_sweep.preparation.clock import Clock
from class_sweep.preparation.environment import describe_environment
from class_sweep.preparation.footprint import require_gpu_memory, trial_bytes
from class_sweep.preparation.prepare import Prepared, prepare
from class_sweep.results.callback import Callback
from class_sweep.results.environment import Environment
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.time_record import TimeRecord
from class_sweep.testing.own_parts import require_contracts
from class_sweep.tuning.time_plan import SweepSize

OpenWriter = Callable[[Environment], AbstractContextManager[ResultsWriter]]
"""Opens a results folder for a sweep that begins, or continues, with an environment."""


@dataclass(frozen=True)
class SweepRequest:
    """The arguments of a sweep.

    Attributes:
        space: The search space.
        path: The results folder.
        cache: Holds features and difficulty indexes.
        callback: Receives the events of the sweep.
        address: Address of the Ray cluster to run on; see `open_runtime`.
        command: The command that continues the sweep after an interruption.
        tracking: The trackers to use.
    """

    space: Space
    path: Path
    cache: ArrayCache
    callback: Callback
    address: str | None = None
    command: str = "resume"
    tracking: Tracking = field(default_factory=Tracking)

    @property
    def resume_command(self) -> str:
        """The command line that continues the sweep after an interruption."""
        return command_line(self.command, self.path)


@dataclass(frozen=True)
class SweepContext:
    """Everything that the stages of a running sweep share.

    Attributes:
        space: The search space.
        writer: Writes the results folder.
        checkpoints: Keeps the checkpoints of the trials.
        prepared: The data, the features and the difficulty indexes.
        slots: How many trials may run at once.
        clock: Times the stages.
        callback: Receives the events of the sweep.
        tracking: The trackers to use.
        stop: The request to stop the sweep, if there is one.
        time: The time that is left; None without `search.hours`.
    """

    space: Space
    writer: ResultsWriter
    checkpoints: CheckpointManager
    prepared: Prepared
    slots: TrialSlots
    clock: Clock
    callback: Callback
    tracking: Tracking = field(default_factory=Tracking)
    stop: StopRequest = field(default_factory=StopRequest)
    time: TimeBudget | None = None

    @property
    def trials_wanted(self) -> int:
        """The number of trials of the sweep, as far as it is known now."""
        return self.space.settings.search.runs if self.time is None else self.time.trials_wanted

    @property
    def may_begin(self) -> bool:
        """Whether another run may begin: no stop was requested, and the time is not up."""
        return not self.stop.asked and (self.time is None or not self.time.left.is_up)

    @property
    def ledger_callback(self) -> Callback:
        """The callback of the ledger: its events also show how much time a sweep takes."""
        return self.callback if self.time is None else self.time.observing(self.callback)

    @cached_property
    def shared_features(self) -> "ray.ObjectRef[dict[str, np.ndarray]]":
        """`TrialFeatures.arrays()` in Ray's object store, put there once."""
        return ray.put(self.prepared.features.arrays())

    @property
    def folder(self) -> ResultsFolder:
        """The results folder, for reading."""
        return self.writer.folder

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Run a stage that Ctrl-C may stop: time it and announce it to the callback."""
        with self.clock.stage(name, self.callback), self.stop.listening(self.callback.on_stop):
            yield


@contextmanager
def open_context(
    request: SweepRequest,
    checkpoints: CheckpointManager,
    open_writer: OpenWriter,
) -> Iterator[SweepContext]:
    """Prepare the data, start or join Ray, and then open the results folder.

    Args:
        request: The arguments of the sweep.
        checkpoints: Keeps the checkpoints of the trials.
        open_writer: Opens the results folder; called last, so that bad input leaves no new folder.

    Raises:
        InputError: If the data, an encoder, the σ range, a part of one's own or the cluster is
            unusable.
        ResultsError: If the folder was started with other data or encoders.
    """
    space, begun = request.space, time.monotonic()
    require_contracts(space)
    resources, limit = space.settings.resources, space.settings.search.max_concurrent
    clock = Clock(ResultsFolder(request.path).seconds())
    advice = f"every report is kept, continue with: {request.resume_command}"
    with Guard() as guard, open_runtime(space, request.address, guard) as runtime:
        if request.path.exists():
            guard.advise(advice)
        if ray.is_initialized():  # a joined cluster; a local instance starts later
            require_shared(checkpoints.location, ray.nodes())  # type: ignore[no-untyped-call]
        prepared = _prepare(request, clock, runtime)
        slots = TrialSlots(resources, limit, runtime.machines, runtime.launchable)
        hours = _hours(request, prepared, slots, begun)
        with open_writer(describe_environment(space, prepared)) as writer:
            guard.advise(advice)
            budget = None
            if hours is not None:
                size = SweepSize.of(space, len(prepared.features.rows("train")))
                budget = TimeBudget(hours, size, writer, slots, begun)
            yield SweepContext(
                space, writer, checkpoints, prepared, slots, clock, request.callback,
                request.tracking, time=budget,
            )  # fmt: skip


def _hours(
    request: SweepRequest, prepared: Prepared, slots: TrialSlots, begun: float
) -> TimeRecord | None:
    """The plan under `search.hours`: that of the folder, else a new one; None without hours.

    The command `confirm` asks for a confirmation whatever it takes.
    """
    if request.space.settings.search.hours is None or request.command == "confirm":
        return None
    folder = ResultsFolder(request.path)
    return folder.read_time() or plan_hours(
        request.space, prepared, slots, lambda: used_since(begun)
    )


def _prepare(request: SweepRequest, clock: Clock, runtime: RayRuntime) -> Prepared:
    """Load, encode and index while Ray starts, then check the GPUs and wait for Ray."""
    space, callback = request.space, request.callback
    prepared = prepare(
        space, request.cache, clock, callback, loaded=runtime.start, executor=cluster_executor
    )
    gpus = space.settings.resources.gpus
    if gpus:
        required = trial_bytes(space, prepared.features)
        require_gpu_memory(space.settings.resources, required, runtime.gpu_memory(gpus))
    with clock.stage("workers", callback):
        runtime.wait()
    return prepared

"""A worker that Ray's memory monitor killed costs its trial a retry, and not the whole sweep.

Tune takes a dead actor for a trial's failure, but a kill by the memory monitor reaches it as an
`OutOfMemoryError`, which its actor manager does not know and ends every trial on.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ray.air.execution._internal import RayActorManager
from ray.air.execution._internal.tracked_actor_task import TrackedActorTask
from ray.exceptions import NodeDiedError, OutOfMemoryError, RayActorError
from ray.tune.execution import tune_controller

_KILLED = (
    "the machine ran low on memory and Ray ended the process; run fewer trials at a time"
    " (search.max_concurrent, resources.cpus)"
)


class _Manager(RayActorManager):
    """Tune's actor manager, which reads every way a worker can die as an actor's death."""

    def _actor_task_failed(
        self, tracked_actor_task: TrackedActorTask, exception: Exception
    ) -> None:
        if isinstance(exception, OutOfMemoryError):
            exception = RayActorError(error_msg=_KILLED)
        elif isinstance(exception, NodeDiedError):
            exception = RayActorError(error_msg=str(exception))
        super()._actor_task_failed(tracked_actor_task, exception)


@contextmanager
def survivable() -> Iterator[None]:
    """Tune with that manager, for the length of a block; it offers no way to pass one."""
    tune_controller.RayActorManager = _Manager  # type: ignore[attr-defined]
    try:
        yield
    finally:
        tune_controller.RayActorManager = RayActorManager  # type: ignore[attr-defined]

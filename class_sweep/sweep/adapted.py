"""Ray Tune with parts of our own, where it offers no way to say what a sweep needs of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray
from ray.air.execution._internal import RayActorManager
from ray.air.execution._internal.tracked_actor_task import TrackedActorTask
from ray.exceptions import NodeDiedError, OutOfMemoryError, RayActorError
from ray.train._internal import storage
from ray.tune.execution import tune_controller
from ray.tune.execution.class_cache import _ActorClassCache

from class_sweep.sweep.cluster.client import from_outside

_KILLED = (
    "the machine ran low on memory and Ray ended the process; run fewer trials at a time"
    " (search.max_concurrent, resources.cpus)"
)


class _Manager(RayActorManager):
    """Reads every way a worker can die as an actor's death, which costs its trial a retry.

    A kill by Ray's memory monitor reaches Tune as an `OutOfMemoryError`, which its own manager does
    not know and ends every trial on.
    """

    def _actor_task_failed(
        self, tracked_actor_task: TrackedActorTask, exception: Exception
    ) -> None:
        if isinstance(exception, OutOfMemoryError):
            exception = RayActorError(error_msg=_KILLED)
        elif isinstance(exception, NodeDiedError):
            exception = RayActorError(error_msg=str(exception))
        super()._actor_task_failed(tracked_actor_task, exception)


class _PlainActors(_ActorClassCache):
    """Makes actors without an environment of their own, which take workers that are warm.

    Tune's own name one, for Lightning's sake, which no idle worker was started with: each actor
    would be a new process that imports torch while the warm ones stand by.
    """

    def get(self, trainable_cls: type) -> Any:
        if trainable_cls not in self._cache:
            self._cache[trainable_cls] = ray.remote(trainable_cls)
        return self._cache[trainable_cls]


@contextmanager
def adapted(folder: Path) -> Iterator[None]:
    """Tune as a sweep needs it, for the length of a block.

    Args:
        folder: Where Tune may write in a driver that is no node of its cluster and so has no
            folder of Ray's session.
    """
    parts: list[tuple[Any, str, Any]] = [
        (tune_controller, "RayActorManager", _Manager),
        (tune_controller, "_ActorClassCache", _PlainActors),
    ]
    if from_outside():
        parts.append((storage, "_get_ray_train_session_dir", folder.as_posix))
    before = [getattr(module, name) for module, name, _ in parts]
    for module, name, ours in parts:
        setattr(module, name, ours)
    try:
        yield
    finally:
        for (module, name, _), theirs in zip(parts, before, strict=True):
            setattr(module, name, theirs)

"""Patches of Ray Tune for behaviour that it has no option for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray
from ray.air.execution._internal import RayActorManager
from ray.air.execution._internal.tracked_actor_task import TrackedActorTask
from ray.exceptions import NodeDiedError, OutOfMemoryError, RayActorError
from ray.tune import tune
from ray.tune.execution import tune_controller
from ray.tune.execution.class_cache import _ActorClassCache
from ray.tune.execution.tune_controller import TuneController
from ray.tune.progress_reporter import TrialProgressCallback

_KILLED = (
    "the machine ran low on memory and Ray ended the process; run fewer trials at a time"
    " (search.max_concurrent, resources.cpus)"
)


class _Manager(RayActorManager):
    """Treats every death of a worker as the death of its actor.

    A kill by Ray's memory monitor reaches Ray Tune as an `OutOfMemoryError`. Its own manager does
    not handle that error, and the sweep would end.
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
    """Creates actors without a runtime environment, so that idle workers can run them.

    Ray Tune sets a runtime environment, for Lightning. No idle worker has that environment, so each
    actor would be a new process that imports torch.
    """

    def get(self, trainable_cls: type) -> Any:
        if trainable_cls not in self._cache:
            self._cache[trainable_cls] = ray.remote(trainable_cls)
        return self._cache[trainable_cls]


class NoProgress(TrialProgressCallback):
    """Replaces Ray Tune's progress reporter, which keeps every trial in memory."""

    def on_trial_result(self, *_: object, **__: object) -> None:
        """Nothing: the callback of the sweep reports the progress."""

    on_trial_error = on_trial_complete = on_trial_result


class _Controller(TuneController):
    """Removes trials that have ended or failed; the log has all their reports.

    Ray Tune's own controller keeps every trial and visits all of them at every step. A long sweep
    would slow down and its memory would grow.
    """

    def step(self) -> None:
        super().step()  # type: ignore[no-untyped-call]
        # One trial stays: without trials, Ray Tune's summary would read a file.
        ended = self._stopped_trials | self._failed_trials
        for trial in [t for t in self._trials[:-1] if t in ended]:
            if trial not in self._trial_to_actor:
                self._trials.remove(trial)
                self._stopped_trials.discard(trial)
                self._failed_trials.discard(trial)
                self._trials_to_cache.discard(trial)
                self._trial_metadata.pop(trial.trial_id, None)


@contextmanager
def patched_ray_tune() -> Iterator[None]:
    """Patch Ray Tune for the length of a block."""
    parts: list[tuple[Any, str, Any]] = [
        (tune_controller, "RayActorManager", _Manager),
        (tune_controller, "_ActorClassCache", _PlainActors),
        (tune, "TuneController", _Controller),
    ]
    before = [getattr(module, name) for module, name, _ in parts]
    for module, name, ours in parts:
        setattr(module, name, ours)
    try:
        yield
    finally:
        for (module, name, _), theirs in zip(parts, before, strict=True):
            setattr(module, name, theirs)

"""Ray Tune with parts of our own, where it offers no way to say what a sweep needs of it."""

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


class NoProgress(TrialProgressCallback):
    """Stands where Tune would add a reporter that keeps every trial."""

    def on_trial_result(self, *_: object, **__: object) -> None:
        """Nothing: the judge says what matters."""

    on_trial_error = on_trial_complete = on_trial_result


class _Controller(TuneController):
    """Forgets the trials that have ended: all there is to know of them is in the log.

    Tune's own keeps each trial whole and walks over all of them at every step, so that a long
    sweep slows down and swells.
    """

    def step(self) -> None:
        super().step()  # type: ignore[no-untyped-call]
        # One stays: of a run without trials Tune's summary would look for a file.
        for trial in [t for t in self._trials[:-1] if t in self._stopped_trials]:
            if trial not in self._trial_to_actor:
                self._trials.remove(trial)
                self._stopped_trials.discard(trial)
                self._trials_to_cache.discard(trial)
                self._trial_metadata.pop(trial.trial_id, None)


@contextmanager
def adapted() -> Iterator[None]:
    """Tune as a sweep needs it, for the length of a block."""
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

"""Ray tasks over many inputs, limited by the slots of the sweep."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, Self, TypeVar

import ray
from ray.exceptions import RayError

from class_sweep.execution.context import SweepContext

_POLL_SECONDS = 0.5  # between two checks whether to stop


class Retryable(Protocol):
    """The result of a task that may have failed."""

    @property
    def transient(self) -> bool:
        """Whether the task failed in a way that a retry may not repeat."""

    @classmethod
    def died(cls, reason: str, details: str) -> Self:
        """The result of a task whose process died."""


Input = TypeVar("Input")
Result = TypeVar("Result", bound=Retryable)


def run_tasks(
    context: SweepContext,
    function: Callable[..., Result],
    inputs: Sequence[Input],
    *arguments: object,
    result_type: type[Result],
) -> Iterator[tuple[Input, Result]]:
    """Call a function on every input in a Ray task of its own, and yield each result as it comes.

    A transient failure is retried `resources.retries` times. After a stop is requested, or when
    the time of the sweep is up, no task starts; running tasks are waited for.

    Args:
        context: The running sweep; its resources are those of one task.
        function: Called with the shared features, an input and the arguments.
        inputs: One for each task.
        arguments: The same for every task.
        result_type: The type of the results; it makes the result of a task whose process died.
    """
    stop, resources = context.stop, context.space.settings.resources
    task = ray.remote(function).options(
        num_cpus=resources.cpus, num_gpus=resources.gpus, max_retries=0
    )
    waiting = [(item, resources.retries) for item in reversed(inputs)]
    running: dict[Any, tuple[Input, int]] = {}
    while running or (waiting and context.may_begin):
        while waiting and len(running) < context.slots(len(inputs), stop) and context.may_begin:
            item, retries = waiting.pop()
            running[task.remote(context.shared_features, item, *arguments)] = item, retries
        ready, _ = ray.wait(list(running), timeout=_POLL_SECONDS)
        for reference in ready:
            item, retries = running.pop(reference)
            result = _result(reference, result_type)
            if result.transient and retries and not stop.asked:
                waiting.append((item, retries - 1))
            else:
                yield item, result


def _result(reference: Any, result_type: type[Result]) -> Result:
    try:
        result: Result = ray.get(reference)
    except RayError as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        return result_type.died(reason, str(error))
    return result

"""Ray Client: what a driver that is no node of its cluster has to know of its connection."""

import threading
import time
from collections.abc import Mapping
from typing import Any

import ray
from numpy.typing import NDArray
from ray._private import auto_init_hook

from class_sweep.errors import InputError

_GRACE = 30.0  # seconds for which Ray Client itself tries to reconnect
_PAUSE = 0.5  # seconds between two attempts
_MESSAGE = 2**31 - 2**20  # bytes of an object; one message carries it, with some for its wrapping
_SAID = (
    "Cannot invoke RPC",  # the channel is closed, or is just being replaced
    "Client is shutting down",
    "Failed to reconnect",
    "GRPC connection failed",
    "Ray Client is not connected",
)


def from_outside() -> bool:
    """Whether this machine is none of the cluster's, which Ray Client joined."""
    return bool(ray.util.client.ray.is_connected())  # type: ignore[no-untyped-call]


def is_break(error: BaseException) -> bool:
    """Whether an error is one of those in which the end of the connection shows."""
    of_grpc = any(kind.__module__.startswith("grpc") for kind in type(error).__mro__)
    return of_grpc or str(error).startswith(_SAID)


def hold_on() -> None:
    """Let questions about the cluster outlive a short break of the connection, as all others do.

    After its end no call starts a Ray on this machine, and the threads that served it end without
    a word: the error of the main one says it.
    """
    auto_init_hook.enable_auto_connect = False
    threading.excepthook = _of_threads
    worker: Any = ray.util.client.ray.get_context().client_worker  # type: ignore[no-untyped-call]
    ask = worker.get_cluster_info

    def ask_again(*given: Any, **named: Any) -> Any:
        deadline = time.monotonic() + _GRACE
        while True:
            try:
                return ask(*given, **named)
            except Exception as error:
                if not is_break(error) or not from_outside() or time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE)

    worker.get_cluster_info = ask_again


def _of_threads(given: threading.ExceptHookArgs) -> None:
    if given.exc_value is None or not is_break(given.exc_value):
        threading.__excepthook__(given)


def require_sendable(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Refuse what does not fit into one message, before it is sent.

    Raises:
        InputError: With its size.
    """
    size = sum(array.nbytes for array in arrays.values())
    if size > _MESSAGE:
        raise InputError(
            "what trials read must be less than 2 GiB to go through Ray Client, got"
            f" {size / 2**30:.1f} GiB; run class-sweep on a machine of the cluster"
        )

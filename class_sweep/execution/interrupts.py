"""Requests to stop a sweep: after the next reports at the first Ctrl-C, at once at the second."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from ray.tune import Stopper

from class_sweep.errors import SweepError


class StopRequest(Stopper):
    """A request to stop the sweep, and whether the sweep can stop now.

    After the first Ctrl-C no trial starts, and each running trial continues to its next report,
    which is logged. After the second Ctrl-C, or a SIGTERM, the sweep stops at once.

    Attributes:
        asked: Whether a stop was requested.
        reason: The error to end with, if the request did not come from a person.
        ready: Whether every running trial has reported since.
    """

    def __init__(self) -> None:
        self.asked = False
        self.reason: SweepError | None = None
        self.ready = False

    def ask(self, reason: SweepError) -> None:
        """Request a stop after the running reports, as the first Ctrl-C does."""
        self.asked, self.reason = True, reason

    def __call__(self, trial_id: str, result: dict[str, object]) -> bool:  # noqa: ARG002
        """Return False: the pruner stops single trials."""
        return False

    def stop_all(self) -> bool:
        """Whether Ray Tune can stop."""
        return self.ready

    def __getstate__(self) -> dict[str, object]:
        """Save no request: Ray Tune's snapshot of a stopped sweep must not stop the next one."""
        return {"asked": False, "reason": None, "ready": False}

    @contextmanager
    def listening(self, on_request: Callable[[], None]) -> Iterator[None]:
        """Handle Ctrl-C as a request for the length of a block.

        Args:
            on_request: Called at the first Ctrl-C.
        """
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread receives signals
            return

        def on_interrupt(number: int, frame: FrameType | None) -> None:
            if self.asked:
                signal.default_int_handler(number, frame)
            self.asked = True
            on_request()

        previous = {
            signal.SIGINT: signal.signal(signal.SIGINT, on_interrupt),
            signal.SIGTERM: signal.signal(signal.SIGTERM, signal.default_int_handler),
        }
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

"""Stopping a sweep on purpose: once in good order, twice at once."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from ray.tune import Stopper

from class_sweep.errors import SweepError


class StopRequest(Stopper):
    """Whether the sweep was asked to stop, by a person as a rule, and whether it now may.

    After the first Ctrl-C no trial starts, and those that run go on to their next report, which is
    written down like every other. After the second, or a SIGTERM, the sweep stops where it is.
    """

    def __init__(self) -> None:
        self.asked = False
        self.reason: SweepError | None = None  # where it was not a person who asked
        self.ready = False  # every running trial has reported since

    def ask(self, reason: SweepError) -> None:
        """Ask for what a first Ctrl-C asks for."""
        self.asked, self.reason = True, reason

    def __call__(self, trial_id: str, result: dict[str, object]) -> bool:  # noqa: ARG002
        """Never one trial alone: that is for the judge to say."""
        return False

    def stop_all(self) -> bool:
        """Whether Tune may end."""
        return self.ready

    def __getstate__(self) -> dict[str, object]:
        """Nothing: a snapshot of a sweep that was stopped must not stop the next one."""
        return {"asked": False, "reason": None, "ready": False}

    @contextmanager
    def listening(self, told: Callable[[], None]) -> Iterator[None]:
        """Take Ctrl-C as a request for the length of a block.

        Args:
            told: Called at the first Ctrl-C.
        """
        if threading.current_thread() is not threading.main_thread():
            yield  # signals are the main thread's alone
            return

        def at_first(number: int, frame: FrameType | None) -> None:
            if self.asked:
                signal.default_int_handler(number, frame)
            self.asked = True
            told()

        before = {
            signal.SIGINT: signal.signal(signal.SIGINT, at_first),
            signal.SIGTERM: signal.signal(signal.SIGTERM, signal.default_int_handler),
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

"""The wall time of each stage of a run."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from class_sweep.results.callback import Callback


@dataclass
class Clock:
    """Times the stages of a run.

    Attributes:
        seconds: The wall seconds of each stage so far, by its name.
    """

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, callback: Callback) -> Iterator[None]:
        """Report a stage to the callback and time the block."""
        callback.on_stage(name)
        start = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - start
            self.seconds[name] = round(self.seconds.get(name, 0.0) + seconds, 3)

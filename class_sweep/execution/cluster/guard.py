"""The guard of a sweep: no end of the driver is without a message, and none leaves Ray behind."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, Self

from class_sweep.errors import InputError
from class_sweep.execution.cluster import guard_process

_END_SECONDS = 15.0  # to kill the processes of a session and remove its folder
_SILENT = (
    "the process of the sweep was ended by a signal, by Ray, or by the system for want of memory"
)
_NOTHING_WRITTEN = "nothing was written"


class Guard:
    """A small process beside the driver, in a session of its own, that outlives it.

    When the driver ends without leaving the context manager, the process kills what is left of a
    local Ray, removes its folder and prints an error that says how to go on.
    """

    def __init__(self) -> None:
        self._advice = _NOTHING_WRITTEN
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start the process.

        Raises:
            InputError: If the system starts no process.
        """
        command = [sys.executable, "-I", "-S", guard_process.__file__, str(os.getpid())]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - a script of this package
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd="/",
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise InputError(
                f"a sweep must be able to start processes, got: {error.strerror}; look at free"
                " memory and at the limits of the shell (ulimit -u, ulimit -n)"
            ) from error
        self._say(words=f"{_SILENT}; {self._advice}")
        return self

    def __exit__(self, *_: object) -> None:
        """Let the process clean up without a message, and wait for its end."""
        self._say(words=None)
        if self._process and self._process.stdin:
            with suppress(OSError):
                self._process.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_SECONDS)

    def keep(self, session: Path) -> None:
        """Clean up a session folder, with its processes, at the end."""
        self._say(session=str(session))

    def advise(self, advice: str) -> None:
        """Say from now on how to go on after an unexpected end, for example with `resume`."""
        self._advice = advice
        self._say(words=f"{_SILENT}; {advice}")

    def end(self, reason: str) -> NoReturn:
        """End this process with an error and exit code 1, before Ray does so without one."""
        guard_process.last_words(f"{reason}; {self._advice}")
        self._say(words=None)
        os._exit(1)

    def _say(self, **message: str | None) -> None:
        if self._process and self._process.stdin:
            with suppress(OSError, ValueError):  # the guard was killed: the sweep goes on
                self._process.stdin.write(json.dumps(message).encode() + b"\n")
                self._process.stdin.flush()

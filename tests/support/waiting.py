"""Waiting in tests: one rule for every deadline, on machines of any speed."""

import subprocess
import time
from collections.abc import Callable

_SLOWDOWN = 10  # a test bears a machine this many times slower than the usual seconds
_MIN_SECONDS = 60.0


def patience(usual: float = 20.0) -> float:
    """The seconds after which a wait fails.

    Args:
        usual: Seconds that the work takes on two quiet cores; a small sweep takes 20.
    """
    return max(_MIN_SECONDS, _SLOWDOWN * usual)


def wait_until(
    condition: Callable[[], object],
    usual: float = 5.0,
    *,
    possible: Callable[[], bool] = lambda: True,
    describe: Callable[[], object] = lambda: "the condition does not hold",
) -> None:
    """Return as soon as a condition holds.

    Args:
        condition: Checked repeatedly.
        usual: Seconds that it takes on two quiet cores.
        possible: Whether the condition can still become true; if not, the wait fails.
        describe: The message of a failed wait.
    """
    deadline = time.monotonic() + patience(usual)
    while not condition():
        assert possible(), describe()
        assert time.monotonic() < deadline, describe()
        time.sleep(0.02)


def wait_for(
    process: "subprocess.Popen[str]", condition: Callable[[], object], usual: float = 20.0
) -> None:
    """Return as soon as a condition holds; fail if the process ends before, with its output.

    Args:
        process: The process that fulfils the condition; it is killed if the wait fails.
        condition: Checked repeatedly.
        usual: Seconds that it takes on two quiet cores.
    """

    def output() -> str:
        process.kill()
        return process.communicate()[0]

    wait_until(condition, usual, possible=lambda: process.poll() is None, describe=output)

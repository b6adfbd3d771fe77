"""Waiting in tests: one rule for every deadline, on machines of any speed."""

import subprocess
import time
from collections.abc import Callable

_SLOWER = 10  # times slower than the machine that the usual seconds are from, before a test fails
_LEAST = 60.0  # seconds


def patience(usual: float = 20.0) -> float:
    """The seconds after which a wait has failed.

    Args:
        usual: Seconds that the work takes on two quiet cores; a small sweep takes 20.
    """
    return max(_LEAST, _SLOWER * usual)


def wait_until(
    condition: Callable[[], object],
    usual: float = 5.0,
    *,
    goes_on: Callable[[], bool] = lambda: True,
    describe: Callable[[], object] = lambda: "the condition does not hold",
) -> None:
    """Return as soon as a condition holds.

    Args:
        condition: Asked again and again.
        usual: Seconds that it takes on two quiet cores.
        goes_on: Whether the condition can still come true; where not, the wait has failed.
        describe: The text of the failure.
    """
    deadline = time.monotonic() + patience(usual)
    while not condition():
        assert goes_on(), describe()
        assert time.monotonic() < deadline, describe()
        time.sleep(0.02)


def wait_for(
    process: "subprocess.Popen[str]", condition: Callable[[], object], usual: float = 20.0
) -> None:
    """Return as soon as a condition holds; fail with the output of a process that ends before.

    Args:
        process: Brings the condition about; it is killed if the wait fails.
        condition: Asked again and again.
        usual: Seconds that it takes on two quiet cores.
    """

    def output() -> str:
        process.kill()
        return process.communicate()[0]

    wait_until(condition, usual, goes_on=lambda: process.poll() is None, describe=output)

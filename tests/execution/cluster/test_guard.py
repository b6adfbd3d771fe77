"""The guard of a sweep, around small drivers that end in every way."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from waiting import patience

SILENT = "error: the process of the sweep was ended by a signal, by Ray, or by the system"

DRIVER = """
import os, subprocess, sys
from pathlib import Path
from class_sweep.execution.cluster.guard import Guard
session = Path(sys.argv[1])
with Guard() as guard:
    guard.keep(session)
    {advise}
    environment = {{"RAY_AUTH_TOKEN_PATH": str(session / "token")}}
    child = subprocess.Popen(["sleep", "600"], env=environment, start_new_session=True,
                             stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    print(child.pid, flush=True)
    {end}
"""


def runs(pid: int) -> bool:
    """Whether a process runs; one that init has not collected yet does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def end(tmp_path):
    """Runs a driver to its end; returns its exit code, its last words and its child."""

    def run(how: str, advice: str | None = "continue with: class-sweep resume r"):
        session = tmp_path / "session"
        session.mkdir()
        (session / "token").write_text("secret")
        script = DRIVER.format(advise=f"guard.advise({advice!r})" if advice else "", end=how)
        done = subprocess.run(
            [sys.executable, "-c", script, str(session)],
            check=False, capture_output=True, text=True, timeout=patience(),
        )  # fmt: skip
        return done.returncode, done.stderr, int(done.stdout), session

    return run


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("os.kill(os.getpid(), 9)", -signal.SIGKILL),
        ("os.kill(os.getpid(), 11)", -signal.SIGSEGV),
        ("os._exit(1)", 1),
    ],
)
def test_a_driver_that_ends_without_a_word_gets_one(end, how, code):
    returned, error, child, session = end(how)
    assert returned == code
    assert error.strip().splitlines()[-1].startswith(SILENT)
    assert error.strip().endswith("; continue with: class-sweep resume r")
    assert not runs(child)
    assert not session.exists()


def test_before_the_first_line_of_a_sweep_it_says_that_nothing_was_written(end):
    _, error, _, session = end("os._exit(1)", None)
    assert error.strip().endswith("; nothing was written")
    assert not session.exists()


def test_a_reason_that_is_known_is_said_once_with_exit_code_1(end):
    code, error, child, session = end("guard.end('Ray must run, but it has ended')")
    assert code == 1
    assert error == "\nerror: Ray must run, but it has ended; continue with: class-sweep resume r\n"
    assert not runs(child)
    assert not session.exists()


def test_an_error_with_bytes_that_are_no_text_is_printed_nevertheless(end):
    code, error, *_ = end("guard.end('Ray must run: \\udcff')")
    assert code == 1
    assert error.startswith("\nerror: Ray must run: \\udcff; continue with")


@pytest.mark.parametrize("how", ["pass", "raise SystemExit(0)"])
def test_an_orderly_end_is_without_a_word_and_cleans_up(end, how):
    code, error, child, session = end(how)
    assert (code, error) == (0, "")
    assert not runs(child)
    assert not session.exists()


def test_a_child_that_was_forked_and_lives_on_does_not_delay_the_last_word(end):
    fork = "pid = os.fork()\n    if not pid: os.closerange(0, 3); __import__('time').sleep(30)"
    code, error, _, session = end(f"{fork}\n    os._exit(4)")
    assert code == 4
    assert error.strip().startswith(SILENT)
    assert not session.exists()


def test_signals_to_the_guard_do_not_end_it_and_its_death_does_not_end_the_sweep(end):
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    all_of_them = sum(1 << (number - 1) for number in numbers)
    mask = "int(status.read_text().split('SigIgn:')[1].split()[0], 16)"
    ignored = f"({mask} & {all_of_them} == {all_of_them})"
    signals = "; ".join(f"guard._process.send_signal({number:d})" for number in numbers)
    code, error, _, session = end(
        "status = Path(f'/proc/{guard._process.pid}/status')\n"
        f"    while not {ignored}: pass\n"
        f"    {signals}; os._exit(3)"
    )
    assert code == 3
    assert error.strip().startswith(SILENT)
    assert not session.exists()
    code, error, child, session = end("guard._process.kill(); guard._process.wait()")
    assert (code, error) == (0, "")
    os.kill(child, signal.SIGKILL)
    assert Path(session).exists()


def test_a_system_that_starts_no_process_is_one_error():
    script = (
        "import resource\n"
        "from class_sweep.execution.cluster.guard import Guard\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))\n"
        "Guard().__enter__()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True
    )
    expected = "InputError: a sweep must be able to start processes, got: Too many open files; look"
    assert expected in done.stderr

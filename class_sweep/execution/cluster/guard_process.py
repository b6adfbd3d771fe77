"""The process that outlives a sweep: it ends what is left of a local Ray, and has the last word.

Ray's own code ends the driver without a message when the raylet or the control store is gone, and
the system does so when memory runs out. `Guard` starts this file as a script, which needs nothing
but the standard library.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

_POLL_SECONDS = 0.5
_PROCESSES = Path("/proc")
_PS = "/bin/ps"
_END_SECONDS = 5.0  # for killed processes to disappear


def last_words(message: str) -> None:
    """Print an error as the last line of a process that ends without unwinding."""
    cursor = "\x1b[?25h" if os.isatty(2) else ""  # a live table hides it
    with contextlib.suppress(OSError):  # the terminal is gone
        os.write(2, f"{cursor}\nerror: {message}\n".encode(errors="backslashreplace"))


def remove_session(session: str, driver: int) -> None:
    """Kill the processes of a session folder but the driver, and remove the folder."""
    deadline = time.monotonic() + _END_SECONDS
    while (left := _processes_of(session) - {driver}) and time.monotonic() < deadline:
        for process in left:
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.02)
    shutil.rmtree(session, ignore_errors=True)


def _processes_of(session: str) -> set[int]:
    """The processes of this user that a Ray with this session folder has started."""
    if not _PROCESSES.is_dir():
        return _named_processes_of(session)
    found = set()
    for path in _PROCESSES.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it belongs to another user, or has ended
            if _belongs(path, session):
                found.add(int(path.name))
    return found


def _named_processes_of(session: str) -> set[int]:
    """Where there is no /proc, as on macOS: the processes whose command line names the session."""
    listed = subprocess.run(  # noqa: S603 - fixed words
        [_PS, "-axww", "-o", "pid=,command="], capture_output=True, check=False
    )
    lines = [line.split(maxsplit=1) for line in listed.stdout.splitlines()]
    folder = os.fsencode(session) + b"/"
    return {int(line[0]) for line in lines if len(line) == 2 and folder in line[1]}


def _belongs(process: Path, session: str) -> bool:
    """Whether a process has the token of a session, or is one of Ray's with an open log there.

    Ray's agents write their title over their environment.
    """
    variable = b"RAY_AUTH_TOKEN_PATH=" + os.fsencode(session) + b"/token"
    if variable in (process / "environ").read_bytes().split(b"\0"):
        return True
    if not (process / "cmdline").read_bytes().startswith(b"ray::"):
        return False
    files = (str(file.readlink()) for file in (process / "fd").iterdir())
    return any(file.startswith(f"{session}/") for file in files)


def _messages(parent: int) -> "list[dict[str, str | None]]":
    """What the driver has written until it closed its end or died, one JSON object a line."""
    received = b""
    while True:
        if select.select([0], [], [], _POLL_SECONDS)[0]:
            read = os.read(0, 65536)
            if not read:
                break
            received += read
        elif os.getppid() != parent:  # a process that it has forked keeps its end open
            break
    lines = received[: received.rfind(b"\n") + 1].splitlines()
    return [json.loads(line) for line in lines]


def main(parent: int) -> None:
    """Wait until the driver, with this process id, has ended or has closed its end; clean up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # they are for the driver
    said: dict[str, str | None] = {}
    for message in _messages(parent):
        said |= message
    if words := said.get("words"):
        last_words(words)
    if session := said.get("session"):
        remove_session(session, parent)


if __name__ == "__main__":
    main(int(sys.argv[1]))

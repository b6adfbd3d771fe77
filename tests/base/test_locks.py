"""Locks exclude other processes, die with their process, and are refused where they do not work."""

import errno
import fcntl
import os
import subprocess
import sys
import threading

import pytest

from class_sweep.base.locks import Lock, is_locked, require_lockable
from class_sweep.errors import InputError, LockedError


def in_another_process(script, path):
    command = [sys.executable, "-c", script, str(path)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


TAKE = """
import sys
from pathlib import Path
from class_sweep.base.locks import Lock
from class_sweep.errors import LockedError
try:
    Lock.take(Path(sys.argv[1]))
except LockedError:
    print("refused")
else:
    print("taken")
"""


def contents(folder):
    return {path.name: (path.read_bytes(), path.stat()) for path in folder.iterdir()}


def test_a_held_lock_excludes_other_processes_until_it_is_released(tmp_path):
    path = tmp_path / "lock"
    with Lock.take(path) as lock:
        assert in_another_process(TAKE, path).stdout == "refused\n"
        with pytest.raises(LockedError, match=f"another process holds {path}"):
            Lock.take(path)
        lock.release()
        assert in_another_process(TAKE, path).stdout == "taken\n"
    assert path.exists()  # a lock file that is removed would give two processes two files


def test_a_lock_ends_with_a_killed_process(tmp_path):
    script = TAKE.replace('print("taken")', "__import__('os').kill(__import__('os').getpid(), 9)")
    assert in_another_process(script, tmp_path / "lock").returncode == -9
    assert not is_locked(tmp_path / "lock")
    Lock.take(tmp_path / "lock").release()


def test_a_waiting_process_gets_the_lock_when_it_is_released(tmp_path):
    lock, taken = Lock.take(tmp_path / "lock"), threading.Event()

    def wait():
        Lock.take(tmp_path / "lock", seconds=None).release()
        taken.set()

    thread = threading.Thread(target=wait)
    thread.start()
    assert not taken.is_set()
    lock.release()
    thread.join(30)
    assert taken.is_set()


def test_a_file_that_replaced_the_lock_file_is_the_one_that_is_locked(tmp_path):
    """A process that waited for a removed file would hold a lock that nobody else sees."""
    path, flock = tmp_path / "lock", fcntl.flock

    def replace_first(descriptor, operation):
        if not (tmp_path / "moved").exists():
            path.rename(tmp_path / "moved")
        return flock(descriptor, operation)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fcntl, "flock", replace_first)
        with Lock.take(path, seconds=10.0):
            assert is_locked(path)
            assert in_another_process(TAKE, path).stdout == "refused\n"


# --- probes ---------------------------------------------------------------------------------------


def test_a_probe_changes_nothing(tmp_path):
    path = tmp_path / "lock"
    assert not is_locked(path)
    assert not list(tmp_path.iterdir())
    with Lock.take(path):
        before = contents(tmp_path)
        assert is_locked(path)
        assert is_locked(path)  # the first probe holds nothing
        assert contents(tmp_path) == before
    assert not is_locked(path)
    assert contents(tmp_path) == before


def test_a_probe_that_overlaps_does_not_refuse_a_writer(tmp_path):
    path = tmp_path / "lock"
    path.touch()
    with path.open("rb") as probe:
        fcntl.flock(probe, fcntl.LOCK_SH)
        timer = threading.Timer(0.2, probe.close)
        timer.start()
        Lock.take(path, seconds=30.0).release()
        timer.join()


def test_without_locks_nothing_is_held(tmp_path, monkeypatch):
    (tmp_path / "lock").touch()
    fail(monkeypatch, errno.ENOSYS)
    assert not is_locked(tmp_path / "lock")
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


# --- refusals -------------------------------------------------------------------------------------


def fail(monkeypatch, number, names=("flock",)):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    for name in names:
        monkeypatch.setattr(fcntl, name, refuse)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
@pytest.mark.parametrize("names", [["flock"], ["lockf"], ["flock", "lockf"]])
def test_a_file_system_without_locks_is_refused(tmp_path, monkeypatch, number, names):
    fail(monkeypatch, number, names)
    with pytest.raises(InputError, match="must be on a file system with locks, got none") as caught:
        require_lockable(tmp_path / "results" / "new")
    assert os.strerror(number) in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_no_soft_lock_replaces_a_missing_flock(tmp_path, monkeypatch):
    fail(monkeypatch, errno.ENOSYS)
    with pytest.raises(InputError, match="with locks"):
        Lock.take(tmp_path / "lock")


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_an_error_of_the_file_system_is_one_error(tmp_path, monkeypatch, number):
    fail(monkeypatch, number)
    for attempt in (lambda: Lock.take(tmp_path / "lock"), lambda: require_lockable(tmp_path)):
        with pytest.raises(InputError, match=os.strerror(number)):
            attempt()


def test_a_new_folder_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"must be writable and lockable, got .*file/new"):
        require_lockable(tmp_path / "file" / "new")


def test_a_link_or_pipe_in_place_of_a_lock_is_refused(tmp_path):
    target = tmp_path / "target"
    (tmp_path / "link").symlink_to(target)
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(InputError, match="must be writable and lockable"):
            Lock.take(tmp_path / name)
        assert not is_locked(tmp_path / name)
    assert not target.exists()

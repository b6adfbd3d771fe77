"""The faults of disks, file systems and SQLite are told from other errors, through any wrapping."""

import errno
import os
import sqlite3
import subprocess
import sys
import tempfile
import traceback

import pytest
from optuna.storages import RDBStorage

from class_sweep.base.faults import fault_in, fault_of, faults_as_errors
from class_sweep.errors import StorageError


def error_of(function):
    try:
        function()
    except Exception as error:
        return error
    raise AssertionError("no error")


def test_an_error_of_the_file_system_names_the_reason_and_the_path(tmp_path):
    error = error_of(lambda: (tmp_path / "none" / "file").write_text("x"))
    assert fault_of(error) == f"No such file or directory: {tmp_path / 'none' / 'file'}"


@pytest.mark.parametrize("content", [b"no database" * 100, b"SQLite format 3\0" + b"x" * 5000])
def test_an_error_of_sqlite_is_found_below_sqlalchemy_and_optuna(tmp_path, content):
    path = tmp_path / "study.db"
    path.write_bytes(content)
    assert fault_of(error_of(lambda: RDBStorage(f"sqlite:///{path}")))
    assert fault_of(error_of(lambda: RDBStorage(f"sqlite:///{tmp_path}/none/study.db")))


def test_other_errors_are_no_faults():
    def handle_a_fault():
        try:
            open("/none/none")  # noqa: PTH123, SIM115
        except FileNotFoundError:
            {}["a mistake of ours"]

    for error in (
        error_of(handle_a_fault),
        ValueError("disk is full"),
        ConnectionRefusedError(errno.ECONNREFUSED, "refused"),
        BrokenPipeError(errno.EPIPE, "closed"),
        TimeoutError(errno.ETIMEDOUT, "late"),
    ):
        assert fault_of(error) is None


def test_a_fault_becomes_one_error_and_nothing_else_does():
    with pytest.raises(StorageError, match=r"^a rule: disk I/O error$"), faults_as_errors("a rule"):
        raise sqlite3.OperationalError("disk I/O error")
    with pytest.raises(StorageError, match=r"^said before$"), faults_as_errors("a rule"):
        raise StorageError("said before")
    with pytest.raises(KeyError), faults_as_errors("a rule"):
        raise KeyError("x")


def test_a_fault_is_found_in_the_traceback_of_another_process():
    def fail():
        with faults_as_errors("a checkpoint must be written to the disk"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/a/b.pt")

    try:
        fail()
    except StorageError:
        text = f"Failure # 1\n{traceback.format_exc()}"
    assert fault_in(text) == (
        "a checkpoint must be written to the disk: No space left on device: /a/b.pt"
    )
    assert fault_in("OSError: [Errno 30] Read-only file system: 'x'\n")
    assert fault_in("FileNotFoundError: [Errno 2] No such file or directory: 'vocab.txt'") is None
    assert fault_in("") is None


def test_a_command_on_a_folder_that_may_not_be_read_ends_in_one_error():
    """As another user, because root may read everything."""
    if os.getuid():
        pytest.skip("needs root to become another user")
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-B"]
    readable = subprocess.run([*command, "-c", "import class_sweep"], check=False)
    if readable.returncode:
        pytest.skip("the other user cannot read the package")
    with tempfile.TemporaryDirectory() as private:  # of mode 0700
        done = subprocess.run(
            [*command, "-m", "class_sweep.cli", "status", f"{private}/sweep"],
            check=False, capture_output=True, text=True, env={"PATH": os.environ["PATH"]},
        )  # fmt: skip
    assert done.returncode
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr

"""No call that only Linux has outside a place that does without it; no removed module of Python."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import torch
from waiting import patience

import class_sweep
from class_sweep.base.device import device_and_dtype
from class_sweep.base.threads import usable_cores
from class_sweep.execution.cluster import guard_process, local_requirements
from class_sweep.execution.cluster.local import LocalRay

PACKAGE = Path(class_sweep.__file__).parent
PURE = (
    "errors", "base", "config", "storage", "results", "rendering", "statistics", "data", "encoders",
    "difficulty", "curriculum", "backbones", "training", "tuning", "preparation", "confirmation",
    "models", "report", "cli", "api",
)  # fmt: skip
"""Every layer but `execution`."""
LINUX = {
    "sched_getaffinity", "sched_setaffinity", "sched_setscheduler", "pidfd_open",
    "pidfd_send_signal",
    "memfd_create", "copy_file_range", "sendfile", "posix_fadvise", "posix_fallocate", "splice",
    "eventfd", "getrandom", "setns", "unshare", "epoll", "O_TMPFILE", "O_PATH", "O_DIRECT",
    "getxattr", "setxattr", "prlimit", "prctl", "inotify_init", "malloc_trim", "F_OFD_SETLK",
    "SIGPWR", "SIGRTMIN", "signalfd", "renameat2", "process_cpu_count",
}  # fmt: skip
"""Names of the standard library and of libc that macOS, or the oldest Python, lacks."""
FOLDERS = ("/proc", "/sys/", "/dev/shm")  # noqa: S108
GUARDED = {
    "base/device.py": {"/proc/cpuinfo"},
    "base/threads.py": {"sched_getaffinity"},
    "execution/cluster/guard_process.py": {"/proc"},
    "execution/cluster/local.py": {"pidfd_open"},
    "execution/cluster/local_requirements.py": {"/dev/shm", "/sys/fs/cgroup"},  # noqa: S108
    "execution/cluster/session_folder.py": {
        "/dev/shm", "/proc/self/uid_map", "/proc/sys/kernel/overflowuid",  # noqa: S108
        "/proc/sys/kernel/random/boot_id",
    },
    "execution/tune/trainable.py": {"malloc_trim"},
}  # fmt: skip
"""The places that do without them elsewhere; tests below and of these modules show how."""
REMOVED = {
    "distutils", "imp", "asynchat", "asyncore", "smtpd", "cgi", "cgitb", "crypt", "pipes",
    "telnetlib",
    "imghdr", "sndhdr", "audioop", "lib2to3", "uu", "xdrlib", "nntplib", "spwd", "nis", "msilib",
}  # fmt: skip
"""Modules that Python 3.12 or 3.13 has no more."""


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield str(path.relative_to(PACKAGE)), ast.parse(path.read_text(encoding="utf-8"))


def linux_names(tree: ast.Module) -> set[str]:
    """The attributes and texts of a module that name something of Linux, docstrings left out."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    texts = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    }
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return (attributes | texts) & LINUX | {text for text in texts if text.startswith(FOLDERS)}


def test_linux_is_asked_in_guarded_places_alone():
    found = {name: names for name, tree in sources() if (names := linux_names(tree))}
    assert found == GUARDED


def test_every_package_but_execution_is_free_of_it_or_does_without():
    packages = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert packages - {"execution"} <= {*PURE, "testing"}
    guarded = {name.partition("/")[0] for name in GUARDED}
    assert guarded == {"base", "execution"}


def test_no_module_is_imported_that_a_supported_python_lacks():
    for name, tree in sources():
        imported = {
            alias.name.partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        modules = (node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
        imported |= {module.partition(".")[0] for module in modules}
        assert imported & REMOVED == set(), name


@pytest.fixture
def without_linux(monkeypatch):
    for name in LINUX & set(dir(os)):
        monkeypatch.delattr(os, name)


def test_the_cores_are_those_of_the_machine(without_linux):
    assert usable_cores() == os.cpu_count()


def test_a_frozen_model_runs_on_mps_in_float32(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert device_and_dtype() == (torch.device("mps"), torch.float32)


def test_the_object_store_of_macos_needs_no_shared_memory(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(local_requirements, "_SHARED_MEMORY", Path("/nowhere"))
    assert 0 < local_requirements._store_bytes() <= 2 << 30


@pytest.fixture
def ended_and_running():
    """A process that has ended and one that runs."""
    with (
        subprocess.Popen([sys.executable, "-c", ""]) as ended,
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as running,
    ):
        watched = psutil.Process(ended.pid), psutil.Process(running.pid)
        ended.wait()
        yield watched
        running.kill()


@pytest.mark.parametrize("name", ["raylet", "agent"])
def test_the_end_of_a_process_of_ray_is_noticed_without_pidfd(
    without_linux, monkeypatch, ended_and_running, name
):
    def end(self, process):
        raise ChildProcessError(process)

    ended, running = ended_and_running
    module = "class_sweep.execution.cluster.local"
    monkeypatch.setattr(f"{module}._vital_processes", lambda _: {running: "GCS", ended: name})
    monkeypatch.setattr(LocalRay, "_end", end)
    with pytest.raises(ChildProcessError, match=name):
        LocalRay()._watch(Path("session"))


def test_the_processes_of_a_session_are_ended_without_proc(monkeypatch, tmp_path):
    monkeypatch.setattr(guard_process, "_PROCESSES", tmp_path / "none")
    session = tmp_path / "session"
    session.mkdir()
    command = [sys.executable, "-c", "input()", f"--session-dir={session}/ray"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        guard_process.remove_session(str(session), driver=os.getpid())
        assert process.wait(patience(5)) != 0
    assert not session.exists()

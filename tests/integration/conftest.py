"""Sweeps on the command line, in their own processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from waiting import patience, wait_for

TIMES = ("seconds", "at", "check")  # the checksum covers the times and the random id of the sweep


def _lines(folder: Path) -> list[dict]:
    """The complete lines of the log."""
    try:
        text = (folder / "trials.jsonl").read_text()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def _without_times(folder: Path) -> list[dict]:
    return [{k: v for k, v in line.items() if k not in TIMES} for line in _lines(folder)]


def _workers_of(process: subprocess.Popen) -> list[psutil.Process]:
    workers = []
    for child in psutil.Process(process.pid).children(recursive=True):
        try:
            if "CurriculumTrial" in "".join(child.cmdline()[:1]):
                workers.append(child)
        except psutil.NoSuchProcess:
            pass
    return workers


class Sweep:
    """The command line, with its own cache and working folder."""

    def __init__(self, cache: Path, cwd: Path):
        own = {"CLASS_SWEEP_CACHE": cache, "XDG_STATE_HOME": cache / "state", "COLUMNS": 200}
        self.env = os.environ | {name: str(value) for name, value in own.items()}
        self.cwd = cwd
        self.started: list[subprocess.Popen] = []

    def start(self, *arguments, **env: str) -> subprocess.Popen:
        return self.start_program(sys.executable, "-m", "class_sweep.cli", *arguments, **env)

    def start_program(self, *command, **env: str) -> subprocess.Popen:
        process = subprocess.Popen(
            list(map(str, command)), env=self.env | env, cwd=self.cwd, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.started.append(process)
        return process

    def end(self) -> None:
        """Kill the processes that are still running after a failed test."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def run(self, *arguments, **env: str) -> tuple[int, str]:
        process = self.start(*arguments, **env)
        out, _ = process.communicate(timeout=patience())
        return process.returncode, out

    def start_and_wait(self, folder: Path, reports: int, *arguments, **env: str):
        """Start a command, and return when the log has the given number of reports."""
        process = self.start(*arguments, **env)
        wait_for(process, lambda: len(_lines(folder)) >= reports)
        return process


@pytest.fixture(scope="package")
def sweep(cache_folder, tmp_path_factory):
    return Sweep(cache_folder, tmp_path_factory.mktemp("cwd"))


@pytest.fixture(scope="package")
def small_file(small_space_text, tmp_path_factory):
    path = tmp_path_factory.mktemp("space") / "small.yaml"
    path.write_text(small_space_text)
    return path


@pytest.fixture(scope="package")
def finished(sweep, small_file):
    """The folder and the output of a finished sweep."""
    folder = sweep.cwd / "finished"
    code, out = sweep.run("run", small_file, "--out", folder)
    assert code == 0, out
    return folder, out


@pytest.fixture(scope="session")
def lines():
    return _lines


@pytest.fixture(scope="session")
def without_times():
    return _without_times


@pytest.fixture(scope="session")
def workers_of():
    return _workers_of

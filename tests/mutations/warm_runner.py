"""Runs tests against a mutated copy of the package; `test_mutations` starts it and talks to it.

Each request is a line of JSON: `tests`, and `file`, `old` and `new` of a mutation or none for the
unmutated copy. Each answer is one too: pytest's exit code, the ids of the failed tests, and the end
of the output.

This process has imported pytest and the large libraries, but not the package. It is forked for
every request, so a request costs half a second of CPU instead of the four of a new process.
"""

import gc
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import hypothesis.extra.numpy
import hypothesis.strategies  # noqa: F401
import numpy  # noqa: F401
import optuna  # noqa: F401
import pandas  # noqa: F401
import plotly.graph_objects  # noqa: F401
import pydantic  # noqa: F401
import pytest
import rdkit.Chem  # noqa: F401
import rich.console  # noqa: F401
import scipy.stats  # noqa: F401
import sklearn  # noqa: F401
import torch
import torch.distributed.tensor
import typer  # noqa: F401

ROOT = Path(__file__).parents[2]
TIME_LIMIT = 900  # seconds of a request, on the busiest machine


def serve(folder: Path) -> None:
    """Answer each request of stdin on stdout."""
    copy = folder / "copy"
    shutil.copytree(
        ROOT / "class_sweep", copy / "class_sweep", ignore=shutil.ignore_patterns("__pycache__")
    )
    sys.path.insert(0, str(copy))
    os.environ["PYTHONPATH"] = str(copy)  # of the processes that tests start
    torch.set_num_threads(1)  # a pool of threads does not survive a fork
    gc.freeze()  # so that collections in the forks skip the libraries
    for line in sys.stdin:
        request = json.loads(line)
        sys.stdout.write(json.dumps(answer(request, copy / "class_sweep", folder)) + "\n")
        sys.stdout.flush()


def answer(request: dict, package: Path, folder: Path) -> dict:
    """Run the tests of a request; the copy is whole again afterwards."""
    if "file" not in request:
        return run(request["tests"], package, folder)
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    path = package / request["file"]
    whole = path.read_text()
    path.write_text(whole.replace(request["old"], request["new"]))
    # Python tells compiled code by the second and the size of its source, which may be unchanged.
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
        compiled.unlink()
    try:
        return run(request["tests"], package, folder)
    finally:
        path.write_text(whole)


def run(tests: list[str], package: Path, folder: Path) -> dict:
    """Run tests in a fork of this process."""
    output, failures = folder / "output", folder / "failures"
    failures.write_text("")
    child = os.fork()
    if child == 0:
        os.setsid()
        with output.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        os._exit(run_pytest(tests, package, failures, folder / "tmp"))
    return {
        "code": wait(child),
        "failed": failures.read_text().split("\n")[:-1],
        "output": output.read_text(errors="replace")[-6000:],
    }


def run_pytest(tests: list[str], package: Path, failures: Path, basetemp: Path) -> int:
    """pytest's exit code; the first failure ends it."""

    class Recorder:
        def pytest_configure(self, config):
            config.addinivalue_line("markers", "xdist_group: of pytest-xdist")

        def pytest_sessionstart(self):
            import class_sweep

            assert Path(class_sweep.__file__).parent == package

        def pytest_runtest_logreport(self, report):
            if report.failed:
                with failures.open("a") as file:
                    file.write(f"{report.nodeid}\n")

    os.chdir(ROOT)
    # Plugins and rewritten assertions only cost time here.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    options = ["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", f"--basetemp={basetemp}"]
    code = int(pytest.main([*options, *tests], plugins=[Recorder()]))
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def wait(child: int) -> int:
    """The exit code of a child, or of its end at the time limit."""
    end = time.monotonic() + TIME_LIMIT
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="mutations") as temporary:
        serve(Path(temporary))

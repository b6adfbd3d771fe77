"""`.ci/run`: a failed test is run once more; only a test that fails twice fails the run."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CI = Path(__file__).parents[1] / ".ci" / "run"
MAKE = """\
#!/usr/bin/env bash
echo "$*" >> calls
outcomes=outcomes/$1
[[ -s $outcomes ]] || exit 0
failed=$(head -n 1 "$outcomes")
sed -i 1d "$outcomes"
[[ $failed ]] || exit 0
mkdir -p .pytest_cache/v/cache
[[ $failed == crash ]] || echo "{\\"$failed\\": true}" > .pytest_cache/v/cache/lastfailed
exit 2
"""
TARGETS = ["check", "test", "test-long", "test-cluster"]
AGAIN = "PYTEST_ARGS=--last-failed --last-failed-no-failures=none"


@pytest.fixture
def run(tmp_path):
    """Runs the script with a simulated `make`; returns its status, its output and the targets.

    The outcomes of a target are the failed tests of each of its runs.
    """
    for folder in (".ci", "bin", "outcomes"):
        (tmp_path / folder).mkdir()
    shutil.copy(CI, tmp_path / ".ci")
    for name in ("make", "sshd", "rsync", "chromium"):
        (tmp_path / "bin" / name).write_text(MAKE)
        (tmp_path / "bin" / name).chmod(0o755)

    def go(**outcomes):
        for target, failures in outcomes.items():
            path = tmp_path / "outcomes" / target.replace("_", "-")
            path.write_text("".join(f"{failure}\n" for failure in failures))
        environment = os.environ | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
        done = subprocess.run(
            [tmp_path / ".ci" / "run"], env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout, (tmp_path / "calls").read_text().splitlines()

    return go


def test_every_target_runs_once_if_nothing_fails(run):
    status, out, calls = run()
    assert status == 0
    assert calls == TARGETS
    assert out.count(": passed\n") == 4


def test_a_test_that_passes_at_the_second_run_is_named_and_passes(run):
    status, out, calls = run(test_long=["tests/a.py::once"])
    assert status == 0
    assert calls == [*TARGETS[:3], f"test-long {AGAIN}", "test-cluster"]
    assert "test-long: passed at the second run, failed at the first:\ntests/a.py::once\n" in out


def test_a_test_that_fails_twice_fails_the_run_after_all_targets(run):
    status, out, calls = run(test=["tests/a.py::always", "tests/a.py::always"])
    assert status == 1
    assert calls[-1] == "test-cluster"
    assert "test: FAILED\nat the first run:\ntests/a.py::always\nand at the second" in out


def test_a_failed_check_is_not_repeated(run):
    status, out, calls = run(check=["crash"])
    assert status == 1
    assert calls == TARGETS
    assert "check: FAILED\n" in out

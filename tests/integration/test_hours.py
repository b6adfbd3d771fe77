"""`search.hours` on real workers; its clock counts reports, so that no machine is slow."""

import json
import signal
import sys

import pytest
from waiting import patience, wait_for

pytestmark = [pytest.mark.ray, pytest.mark.long]

# Five seconds for the start of each command, then four for each report that took time; the end of a
# paused trial takes none.
PROGRAM = """\
import sys
from pathlib import Path

from class_sweep.cli.main import main
from class_sweep.execution import time_budget

if __name__ == "__main__":
    log = Path(sys.argv[1]) / "trials.jsonl"
    lines = lambda: log.read_text().splitlines() if log.exists() else []
    count = lambda: sum('"seconds": 0.0,' not in line for line in lines())
    before = count()
    time_budget.used_since = lambda begun: 5.0 + 4.0 * (count() - before)
    sys.argv = ["class-sweep", *sys.argv[2:]]
    main()
"""
HOURS, SECONDS = 0.05, 180


@pytest.fixture(scope="module")
def space_of(small_space_text, tmp_path_factory):
    def write(hours):
        path = tmp_path_factory.mktemp("space") / "hours.yaml"
        path.write_text(small_space_text.replace("trials: 8", f"trials: 90, hours: {hours}"))
        return path

    return write


@pytest.fixture(scope="module")
def interrupted_and_resumed(sweep, space_of, tmp_path_factory, lines):
    """The folder, `hours.json` after the interruption, and the output of `resume`."""
    program = tmp_path_factory.mktemp("program") / "with_clock.py"
    program.write_text(PROGRAM)
    folder = sweep.cwd / "hours"

    def start(*arguments):
        return sweep.start_program(sys.executable, program, folder, *arguments)

    first = start("run", space_of(HOURS), "--out", folder)
    wait_for(first, lambda: len(lines(folder)) >= 12)
    first.send_signal(signal.SIGINT)
    out, _ = first.communicate(timeout=patience())
    assert first.returncode == 130, out
    record = json.loads((folder / "hours.json").read_text())
    again = start("resume", folder)
    out, _ = again.communicate(timeout=patience())
    assert again.returncode == 0, out
    return folder, record, " ".join(out.split())


def test_a_sweep_proposes_what_it_has_time_for_and_says_so(interrupted_and_resumed, lines, sweep):
    folder, _, out = interrupted_and_resumed
    trials = {line["trial"] for line in lines(folder)}
    assert 2 < len(trials) < 90
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["state"] == "finished"
    assert summary["trials"]["wanted"] == summary["hours"]["proposed"] == len(trials)
    assert summary["hours"]["used_seconds"] == pytest.approx(SECONDS, rel=0.2)
    assert f"had time for {len(trials)}" in out
    code, status = sweep.run("status", folder, "--json")
    assert code == 0
    assert json.loads(status)["state"] == "finished"


def test_an_interruption_keeps_the_plan_and_the_used_time(interrupted_and_resumed, lines):
    folder, before, _ = interrupted_and_resumed
    after = json.loads((folder / "hours.json").read_text())
    assert before["proposed"] is None
    assert before["used_seconds"] >= 5 + 4 * 12
    outcome = ("proposed", "used_seconds")
    assert {k: v for k, v in after.items() if k not in outcome} == {
        k: v for k, v in before.items() if k not in outcome
    }
    reports = [line for line in lines(folder) if line["seconds"]]
    assert after["used_seconds"] == pytest.approx(10 + 4 * len(reports), abs=8)


def test_too_few_hours_are_one_error_and_no_folder(sweep, space_of):
    folder = sweep.cwd / "too-few"
    code, out = sweep.run("run", space_of(0.0002), "--out", folder)
    assert code == 2
    [line] = [line for line in out.splitlines() if "search.hours" in line]
    assert "must hold the fewest trials (2)" in line
    assert "or more" in " ".join(out.split())
    assert not folder.exists()

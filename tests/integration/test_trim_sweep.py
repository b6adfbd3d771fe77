"""A sweep with trimming among its axes, from the command line, undisturbed and killed."""

import json

import pytest
from waiting import patience

from class_sweep.config.document import parse_space
from class_sweep.curriculum.schedule import Schedule

pytestmark = [pytest.mark.ray, pytest.mark.long]
AXES = """\
  alpha: {choice: [0.6, 1.0]}
  beta: 0.1
  trim: {uniform: [0.0, 0.4], step: 0.1}
"""


@pytest.fixture(scope="module")
def text(small_space_text):
    head, rest = small_space_text.split("  order:")
    return head + AXES + "optimizer:" + rest.split("optimizer:")[1]


def test_trials_train_their_schedules_and_a_killed_sweep_is_the_same(
    text, sweep, without_times, lines, tmp_path
):
    file = tmp_path / "trim.yaml"
    file.write_text(text)
    space = parse_space(text)
    code, out = sweep.run("run", file, "--out", tmp_path / "whole")
    assert code == 0, out
    finished = [line for line in lines(tmp_path / "whole") if line["decision"] == "finish"]
    for line in finished:
        schedule = Schedule.of(space.resolve(line["config"]), 560)
        assert (line["step"], line["samples"]) == (schedule.steps, schedule.samples)
    trims = {line["config"].get("curriculum.trim") for line in lines(tmp_path / "whole")}
    assert len(trims) > 2
    full_data = next(line for line in finished if line["name"] == "full_data")
    assert full_data["config"]["curriculum.trim"] == 0
    assert "trim" in json.dumps((tmp_path / "whole" / "report.html").read_text())

    killed = sweep.start_and_wait(tmp_path / "cut", 4, "run", file, "--out", tmp_path / "cut")
    killed.kill()
    killed.communicate(timeout=patience())
    code, out = sweep.run("resume", tmp_path / "cut")
    assert code == 0, out
    assert without_times(tmp_path / "cut") == without_times(tmp_path / "whole")

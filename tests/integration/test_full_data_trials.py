"""A sweep over the learning rate beside the curriculum: full data is tuned, and is the control."""

import json

import pytest

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def swept(sweep, small_space_text, tmp_path_factory):
    text = small_space_text.replace("lr: 3e-3", "lr: {loguniform: [1e-4, 1e-2]}")
    text = text.replace("trials: 8", "trials: 8, full_data_trials: 3").replace(
        "epochs: 6", "epochs: 2"
    )
    confirm = "confirm: {finalists: 2, seeds: 3, max_seeds: 3, controls: [full_data, paper]}"
    path = tmp_path_factory.mktemp("space") / "rates.yaml"
    path.write_text(text.replace("confirm: {finalists: 0}", confirm))
    folder = sweep.cwd / "rates"
    code, out = sweep.run("run", path, "--out", folder)
    assert code == 0, out
    return folder, out


def test_full_data_is_tuned_and_is_the_control_of_all_finalists(swept, lines):
    folder, out = swept
    last = {line["trial"]: line for line in lines(folder)}
    own = [line for line in last.values() if line["tuned"]]
    assert [line["name"] for line in own] == ["full_data"] * 3
    assert len(last) == 8
    assert len({line["config"]["optimizer.lr"] for line in own}) == 3
    full = [line for line in last.values() if line["name"] == "full_data"]
    best = max(
        (line for line in full if line["decision"] == "finish"), key=lambda line: line["objective"]
    )
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["trials"]["full_data"] == 3
    assert summary["references"]["full_data"]["trial"] == best["trial"]
    verdict = json.loads((folder / "verdict.json").read_text())
    arms = {arm["arm"]: arm["config"]["optimizer.lr"] for arm in verdict["arms"]}
    assert len(verdict["finalists"]) == 2
    assert arms["full_data"] == best["config"]["optimizer.lr"]
    assert arms.get("paper", arms["full_data"]) == arms["full_data"]
    assert {pair["arm"] for pair in verdict["pairs"] if pair["control"] == "full_data"} == {
        "full_data"
    }
    assert "3 of the trials tuned full data alone" in out


def test_every_view_tells_what_these_trials_are(swept, sweep):
    folder, _ = swept
    code, status = sweep.run("status", folder)
    assert code == 0
    assert status.count("full_data  lr") == 3
    code, status = sweep.run("status", folder, "--json")
    assert json.loads(status)["trials"]["full_data"] == 3
    code, out = sweep.run("report", folder, "--markdown")
    assert code == 0
    assert "3 of the trials tuned full data alone" in out
    code, out = sweep.run("check", folder / "space.yaml")
    assert code == 0, out
    assert "3 trials, which tune the control: optimizer.lr" in " ".join(out.split())

"""A sweep over shares of full data's samples, interrupted and resumed on a real Ray."""

import json
import signal

import pytest
from waiting import patience

from class_sweep.config.document import load_space
from class_sweep.curriculum.schedule import Schedule

pytestmark = [pytest.mark.ray, pytest.mark.long]
SHARES = [0.6, 0.8]
PAIRS, BATCH, EPOCHS = 560, 32, 6


@pytest.fixture(scope="module")
def shares_file(small_space_text, tmp_path_factory):
    path = tmp_path_factory.mktemp("space") / "shares.yaml"
    text = small_space_text.replace("trials: 8", f"trials: 8, shares: {SHARES}")
    path.write_text(text.replace("baselines: [full_data]", "baselines: []"))  # so that a share wins
    return path


@pytest.fixture(scope="module")
def swept(sweep, shares_file):
    folder = sweep.cwd / "shares"
    code, out = sweep.run("run", shares_file, "--out", folder)
    assert code == 0, out
    return folder, out


def test_an_interrupted_sweep_over_shares_continues_like_an_uninterrupted_one(
    swept, sweep, shares_file, lines, without_times
):
    cut = sweep.cwd / "cut-shares"
    process = sweep.start_and_wait(cut, 8, "run", shares_file, "--out", cut)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=patience())
    assert process.returncode == 130, out
    before = lines(cut)
    assert len({line["trial"] for line in before}) < 8
    code, out = sweep.run("resume", cut)
    assert code == 0, out
    assert lines(cut)[: len(before)] == before
    assert without_times(cut) == without_times(swept[0])
    assert (cut / "best.yaml").read_text() == (swept[0] / "best.yaml").read_text()


def test_the_shares_take_turns_and_each_schedule_takes_its_share(swept, lines):
    folder, _ = swept
    space = load_space(folder / "space.yaml")
    last = {line["trial"]: line for line in lines(folder)}
    assert [line["share"] for line in last.values()] == SHARES * 4
    full = EPOCHS * (PAIRS // BATCH) * BATCH
    for line in last.values():
        samples = Schedule.of(space.resolve(line["config"]), PAIRS).samples
        assert 0 <= line["share"] * full - samples <= EPOCHS * BATCH


def test_the_closing_table_and_the_best_file_name_the_share(swept, sweep):
    folder, out = swept
    best = json.loads((folder / "summary.json").read_text())["best"]
    share = f"{100 * best['share']:g} %"
    assert f"Best finished trial: trial {best['trial']}\n  {share}  " in out
    words = f"searched at {share} of full data's samples"
    assert words in (folder / "best.yaml").read_text().splitlines()[1]
    code, printed = sweep.run("export", folder, "--at", best["share"])
    assert code == 0
    assert words in printed

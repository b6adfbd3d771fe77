"""A confirmation on the command line: its folder, its verdict, and interruptions."""

import json
import signal

import numpy as np
import pytest
from waiting import patience, wait_for

from class_sweep.config.document import load_space
from class_sweep.statistics.interim_looks import BETTER_SHARE

pytestmark = pytest.mark.ray
OFF = "confirm: {finalists: 0}"
ON = "confirm: {finalists: 1, seeds: 3, max_seeds: 3, controls: [full_data, random_order]}"


def confirmed_text(text, on=ON):
    assert OFF in text
    text = text.replace(OFF, on).replace("trials: 8", "trials: 4").replace("epochs: 6", "epochs: 3")
    text = text.replace("{grace_epochs: 1, reduction_factor: 2}", "{kind: none}")
    return text.replace("[easy_first, hard_first, random]", "[easy_first, hard_first]")


@pytest.fixture(scope="module")
def confirm_file(small_space_text, tmp_path_factory):
    path = tmp_path_factory.mktemp("space") / "confirm.yaml"
    path.write_text(confirmed_text(small_space_text))
    return path


@pytest.fixture(scope="module")
def confirmed(sweep, confirm_file):
    folder = sweep.cwd / "confirmed"
    code, out = sweep.run("run", confirm_file, "--out", folder)
    assert code == 0, out
    return folder, out


def runs(folder):
    try:
        text = (folder / "confirm.jsonl").read_text()
    except FileNotFoundError:
        return []
    lines = [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
    return [line for line in lines if "arm" in line]


def verdict(folder):
    return json.loads((folder / "verdict.json").read_text())


def figures(tree):
    """A verdict without the times."""
    if isinstance(tree, dict):
        return {k: figures(v) for k, v in tree.items() if k not in {"seconds", "time_share"}}
    return [figures(v) for v in tree] if isinstance(tree, list) else tree


def test_every_arm_is_trained_under_the_same_new_seeds(confirmed, lines):
    folder, _ = confirmed
    confirmation_runs = runs(folder)
    assert len({run["identity"] for run in confirmation_runs}) == len(confirmation_runs) == 6
    by_arm = {}
    for run in confirmation_runs:
        by_arm.setdefault(run["arm"], set()).add(run["seed"])
    # Three seeds decide nothing here, so the second control is not run.
    assert len(by_arm) == 2
    assert all(seeds == {4, 5, 6} for seeds in by_arm.values())  # the sweep has seed 3
    swept = {line["identity"] for line in lines(folder)}
    assert not swept & {run["identity"] for run in confirmation_runs}


def test_the_ranks_of_each_run_give_its_metrics(confirmed):
    folder, _ = confirmed
    for run in runs(folder):
        with np.load(folder / "confirm" / f"{run['identity']}.npz") as ranks:
            assert set(ranks.files) == {
                f"{pool}/{way}"
                for pool in ("split", "all")
                for way in ("text_to_molecule", "molecule_to_text")
            }
            for name in ranks.files:
                assert ranks[name].shape == (70,)
                expected = (1 / ranks[name].astype(float)).mean()
                assert run["metrics"][f"{name}/mrr"] == pytest.approx(expected, rel=1e-6)


def test_the_verdict_is_consistent(confirmed):
    folder, out = confirmed
    tree = verdict(folder)
    assert tree["objective"] == "validation/split/mrr"
    assert [pair["control"] for pair in tree["pairs"]] == ["full_data", "random_order"]
    assert (tree["pairs"][1]["closed"], tree["pairs"][1]["metrics"]) == ("skipped", {})
    for pair in tree["pairs"][:1]:
        row = pair["metrics"]["split/mrr"]
        assert row["difference"] == pytest.approx(row["finalist"] - row["control"])
        assert len(pair["metrics"]) == 30
        low, high = row["interval"]
        assert (low > 0 or high < 0) == (pair["outcome"] != "open")
    for pair in tree["pairs"]:
        assert f"{pair['finalist']}: {pair['words']}" in out
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["state"] == "finished"
    assert summary["confirm"]["words"] == tree["words"]
    assert "a candidate, not a finding" not in out
    assert "confirm" in summary["seconds"]


def test_best_yaml_has_the_winner_and_its_verdict(confirmed):
    folder, _ = confirmed
    tree = verdict(folder)
    winner = next(arm for arm in tree["arms"] if arm["arm"] == tree["winner"]["arm"])
    space = load_space(folder / "best.yaml")
    assert space.settings.curriculum.model_dump(mode="json") == winner["curriculum"]
    head = (folder / "best.yaml").read_text().splitlines()
    assert tree["winner"]["words"] in head[0]
    share = (
        f"{winner['samples']} samples, {100 * winner['share_of_full_data']:.1f} % of full data's"
    )
    assert head[1].startswith(f"# {winner['arm']}: {share}, retrained under ")


def test_status_shows_the_verdict(confirmed, sweep):
    folder, _ = confirmed
    code, out = sweep.run("status", folder, "--json")
    assert code == 0
    tree = json.loads(out)
    assert (tree["state"], tree["confirmed"]) == ("finished", 6)
    assert tree["verdict"] == verdict(folder)["words"]


def readings(folder):
    return [json.loads(line) for line in (folder / "test.jsonl").read_text().splitlines()]


@pytest.mark.long
def test_it_continues_with_more_seeds_and_reads_the_test_split_on_demand(confirmed, sweep):
    folder, _ = confirmed
    assert not (folder / "test.jsonl").exists()
    before, earlier_verdict = runs(folder), figures(verdict(folder))
    code, out = sweep.run("confirm", folder, "--seeds", "5", "--max-seeds", "5", "--test")
    assert code == 0, out
    after = runs(folder)
    assert after[:6] == before
    assert {run["seed"] for run in after[6:]} == {7, 8}
    rule = verdict(folder)["rule"]
    assert (rule["alpha"], rule["seeds"], rule["max_seeds"]) == (0.05, 5, 5)
    assert (rule["margin"], rule["prefer"], rule["better_share"]) == (None, "quality", BETTER_SHARE)
    [reading] = readings(folder)
    assert reading["queries"] == 70
    assert reading["winner"] == verdict(folder)["winner"]["arm"]
    assert reading["winner"] in reading["arms"]
    assert "@" in reading["user"]
    assert "test, 5 seeds, 70 queries" in out
    assert "READ BEFORE" not in out

    code, out = sweep.run("confirm", folder, "--test")
    assert code == 0, out
    assert runs(folder) == after
    assert figures(verdict(folder)) == earlier_verdict  # the same interim looks as at first
    assert "THE TEST SPLIT WAS READ BEFORE" in " ".join(out.split())
    assert "has now been read 2 times" in out
    assert [reading["reading"] for reading in readings(folder)] == [1, 2]


@pytest.mark.long
def test_an_interrupted_confirmation_continues_and_repeats_no_run(confirm_file, sweep):
    long, cut = sweep.cwd / "long-confirm.yaml", sweep.cwd / "confirm-cut"
    text = confirm_file.read_text().replace("epochs: 3", "epochs: 40")
    long.write_text(text.replace("trials: 4", "trials: 2").replace("finalists: 1", "finalists: 2"))
    kept = []
    for command, by in (
        (("run", long, "--out", cut), signal.SIGINT),
        (("resume", cut), signal.SIGKILL),
    ):
        process = sweep.start(*command)
        wanted = len(kept) + 2
        wait_for(process, lambda wanted=wanted: len(runs(cut)) >= wanted)
        process.send_signal(by)
        out, _ = process.communicate(timeout=patience())
        if by == signal.SIGINT:
            assert process.returncode == 130
            assert f"class-sweep resume {cut}" in out
        now = runs(cut)
        assert now[: len(kept)] == kept
        assert len(kept) + 2 <= len(now) < 6
        kept = now
        assert not (cut / "verdict.json").exists()
    code, out = sweep.run("resume", cut)
    assert code == 0, out
    after = runs(cut)
    assert after[: len(kept)] == kept
    # The finalist is not better than full data, so its other controls are not run.
    assert len({run["identity"] for run in after}) == len(after) == 6
    assert verdict(cut)["runs"] == 6


@pytest.mark.long
def test_a_sweep_whose_axes_have_no_effect_claims_nothing(sweep, small_space_text):
    """α from 0.97 leaves at most two pairs out of the first epochs, so the schedules are alike."""
    path = sweep.cwd / "null.yaml"
    text = confirmed_text(
        small_space_text,
        "confirm: {finalists: 2, seeds: 5, max_seeds: 5, controls: [full_data, random_order]}",
    )
    text = text.replace("[0.3, 0.9]", "[0.97, 0.999]").replace(
        "[constant, sigmoid, inverse]", "[constant]"
    )
    path.write_text(text)
    folder = sweep.cwd / "null"
    code, out = sweep.run("run", path, "--out", folder)
    assert code == 0, out
    tree = verdict(folder)
    assert len(tree["finalists"]) >= 1
    assert {pair["outcome"] for pair in tree["pairs"]} == {"open"}
    assert not tree["winner"]["confirmed"]
    assert "better than full data by" not in out
    assert "No finalist was shown to be better than full data" in out
    best = load_space(folder / "best.yaml").settings.curriculum
    assert (best.alpha, best.intensity) == (1.0, "constant")

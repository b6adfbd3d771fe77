import json
import re

import pytest


@pytest.fixture
def table(tmp_path, small_space_text):
    """A table of four configurations with two seeds each, and its space."""
    path = tmp_path / "curves.csv"
    lines = [
        "configuration,name,curriculum.order,curriculum.alpha,curriculum.beta,curriculum.sigma,"
        "curriculum.intensity,search.seed,epoch,samples,last,validation/split/mrr"
    ]
    for number in range(5):
        name = "full_data" if number == 0 else ""
        for seed in (0, 1):
            for epoch in (1, 2, 3):
                score = 0.1 * epoch + 0.01 * number + 0.001 * seed
                lines.append(
                    f"{number},{name},random,{0.4 + number / 10},0.1,0.5,constant,{seed},"
                    f"{epoch if epoch < 3 else ''},{100 * epoch},{int(epoch == 3)},{score}"
                )
    path.write_text("\n".join(lines) + "\n")
    (tmp_path / "space.yaml").write_text(small_space_text)
    return path


def test_replay_prints_the_savings_and_costs_of_each_pruner(command, table):
    code, out, _ = command(
        "replay", table, "--grace-epochs", "1,2", "--searches", "20", "--min-kept", "1"
    )
    assert code == 0
    assert "4 configurations × 2 seeds of validation/split/mrr, 1 baselines; 20 searches" in out
    assert "rank correlation with the final score (Spearman)" in out
    assert re.search("ρ at equal samples +ρ on own schedule", out)
    rows = {line.split("  ")[0].strip() for line in out.splitlines()}
    kinds = {"asha, grace 1, η 2", "hyperband, grace 2, η 4", "median, grace 1",
             "one_rung, grace 2, min kept 1"}  # fmt: skip
    assert rows >= {"none"} | kinds | {f"{kind}, own schedule" for kind in kinds}
    assert "no pruner stays within 25 % of the samples" in out


@pytest.mark.parametrize("sampler", ["random", "tpe", "cmaes"])
def test_replay_as_json(command, table, sampler):
    code, out, _ = command(
        "replay", table.parent, "--json", "--pruner", "one_rung", "--pruner", "none",
        "--grace-epochs", "1", "--min-kept", "1", "--searches", "4", "--sampler",
        sampler, "--workers", "1",
    )  # fmt: skip
    assert code == 0
    tree = json.loads(out)
    *one_rungs, none = tree["pruners"]
    settings = {"kind": "one_rung", "grace_epochs": 1.0, "min_kept": 1}
    assert [row["pruning"] for row in one_rungs] == [
        settings | {"rungs": "samples"}, settings | {"rungs": "own_schedule"},
    ]  # fmt: skip
    # The baseline trains 3 epochs, four trials 1 epoch to the rung, and one of them 2 more, of 15.
    # All schedules have one length, so both kinds of rungs are equal.
    for one_rung in one_rungs:
        assert one_rung["samples"] == pytest.approx(9 / 15)
        assert one_rung["regret"] == pytest.approx(0)
        assert one_rung["best_kept"] == none["samples"] == 1
    rung = tree["rungs"][0]
    assert rung["correlation"] == rung["own_schedule"] == pytest.approx(1)
    assert tree["between_seeds"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--sampler", "grid"], "--sampler must be one of random, tpe, cmaes"),
        (["--grace-epochs", "1,x"], "--grace-epochs must be numbers with commas between, got"),
        (["--trials", "5"], "--trials must be at most the table's 4, got 5"),
        (["--pruner", "ahsa"], "error: pruner must be one of successive_halving, asha"),
        (["--min-kept", "0"], "min_kept of one_rung must be at least 1, got 0"),
        (["--grace-epochs", "0"], "of successive_halving must be a number of epochs above 0, auto"),
        (["--rungs", "epochs"], "rungs of successive_halving must be one of samples, own_schedule"),
    ],
)
def test_an_invalid_replay_is_one_error(command, table, options, why):
    code, _, err = command("replay", table, *options)
    assert code == 2
    assert why in " ".join(err.split())


def test_an_invalid_table_is_one_error(command, tmp_path):
    (tmp_path / "curves.csv").write_text("a,b\n1,2\n")
    code, _, err = command("replay", tmp_path)
    assert code == 2
    assert "a table of curves must be one that" in " ".join(err.split())

"""Results of an earlier version, with removed settings and without newer keys, are still read."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest
from made_sweeps import make_folder, report_of, searched

from class_sweep.config.document import load_space, parse_space


@pytest.fixture
def old(tmp_path, small_space_text):
    """The folder of a sweep over random and neighbourhood batches; the latter won."""
    path = make_folder(tmp_path / "old", small_space_text, [])
    new_axis = "curriculum:\n  batching: {choice: [random, neighbourhood]}\n  group_size: 4\n"
    (path / "space.yaml").write_text(small_space_text.replace("curriculum:\n", new_axis))
    records = searched(parse_space(small_space_text), 6)
    batches = ["random", "neighbourhood"]
    records = [
        report_of(**vars(r) | {"config": r.config | {"curriculum.batching": batches[r.trial % 2]}})
        for r in records
    ]
    rows = [asdict(record) for record in records]
    for row in rows:
        del row["tuned"], row["share"]
    (path / "trials.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    summary = json.loads((path / "summary.json").read_text())
    del summary["trials"]["full_data"]
    (path / "summary.json").write_text(json.dumps(summary))
    return path


def test_old_results_are_reported_and_compared(command, old, tmp_path):
    another = Path(shutil.copytree(old, tmp_path / "another"))
    for arguments in (
        ["status", old], ["report", old, "--html", tmp_path / "report.html"],
        ["compare", old, another, "--html", tmp_path / "compare.html"],
    ):  # fmt: skip
        code, _, err = command(*arguments)
        assert code == 0, (arguments, err)


def test_a_trial_is_exported_unless_its_settings_were_removed(command, old, tmp_path):
    rows = [json.loads(line) for line in (old / "trials.jsonl").read_text().splitlines()]
    finished = [row for row in rows if row["decision"] == "finish"]
    assert {row["config"]["curriculum.batching"] for row in finished} == {"random", "neighbourhood"}
    for row in finished:
        row["objective"] = 0.9 if row["config"]["curriculum.batching"] == "random" else 0.1
    (old / "trials.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    best = tmp_path / "best.yaml"
    assert command("export", old, "--out", best)[0] == 0
    assert load_space(best).axes == {}
    for row in finished:
        row["objective"] = 1 - row["objective"]
    (old / "trials.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, _, err = command("export", old)
    assert code == 2
    assert "got curriculum.batching neighbourhood in trial" in err

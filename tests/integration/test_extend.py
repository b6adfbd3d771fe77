"""`class-sweep extend`: a sweep gets more trials, and is confirmed again over all of them."""

import json

import pytest
from made_sweeps import summary_of

from class_sweep.base.locks import Lock
from class_sweep.errors import InputError
from class_sweep.results.folder import ResultsFolder, ResultsWriter
from class_sweep.results.summary import SweepSummary
from class_sweep.sweep import extend


@pytest.fixture
def ended(tmp_path, small_space_text):
    """The folder of a sweep that has ended."""
    with ResultsWriter.create(tmp_path / "sweep", small_space_text) as writer:
        tree = summary_of("finished", 8) | {"pruning": "successive_halving"}
        writer.write_summary(SweepSummary.model_validate(tree))
    return tmp_path / "sweep"


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("trials", [3, 8])
def test_a_sweep_is_not_extended_to_fewer_trials(ended, trials, cache, callback):
    before = contents(ended)
    with pytest.raises(InputError, match=f"must have more trials than before, got {trials}"):
        extend(ended, trials, cache=cache, callback=callback)
    assert contents(ended) == before


def test_a_folder_that_is_no_sweep_is_not_extended(tmp_path, cache, callback):
    with pytest.raises(InputError, match=r"must hold space\.yaml"):
        extend(tmp_path, 12, cache=cache, callback=callback)
    assert contents(tmp_path) == {}


def test_a_sweep_that_runs_is_not_extended(ended, cache, callback):
    before, lock = contents(ended), Lock.take(ResultsFolder(ended).lock)
    with pytest.raises(InputError, match="is in use"):
        extend(ended, 12, cache=cache, callback=callback)
    lock.release()
    assert contents(ended) == before


@pytest.mark.ray
@pytest.mark.long
def test_an_extended_sweep_is_confirmed_again_over_all_trials(sweep, small_space_text, lines):
    confirm = "confirm: {finalists: 1, seeds: 3, max_seeds: 3, controls: [full_data]}"
    text = small_space_text.replace("confirm: {finalists: 0}", confirm)
    path = sweep.cwd / "extended.yaml"
    path.write_text(text.replace("epochs: 6", "epochs: 2").replace("trials: 8", "trials: 4"))
    folder = sweep.cwd / "extended"
    code, out = sweep.run("run", path, "--out", folder)
    assert code == 0, out
    log = (folder / "trials.jsonl").read_bytes()
    verdict = json.loads((folder / "verdict.json").read_text())
    assert verdict["trials"] == 4

    process = sweep.start_and_wait(folder, len(lines(folder)) + 2, "extend", folder, "--trials", 7)
    process.kill()
    process.communicate()
    code, out = sweep.run("report", folder, "--markdown")
    assert "The confirmation chose from 4 trials" in out
    assert "extended to 7" in out
    assert "4 → 7 trials" in out
    assert "interrupted" in sweep.run("status", folder)[1]
    assert sweep.run("confirm", folder)[0] == 2
    code, out = sweep.run("resume", folder)
    assert code == 0, out
    assert (folder / "trials.jsonl").read_bytes().startswith(log)
    assert {line["trial"] for line in lines(folder)} == set(range(7))
    assert json.loads((folder / "verdict.json").read_text())["trials"] == 7
    assert "The confirmation chose" not in sweep.run("report", folder, "--markdown")[1]


@pytest.mark.ray
@pytest.mark.long
def test_a_sweep_with_changed_data_is_not_extended(sweep, small_space_text, tmp_path):
    table = tmp_path / "pairs.csv"
    rows = [f"{'C' * (1 + n % 30)}O,alcohol number {n} of {n % 7}" for n in range(400)]
    table.write_text("\n".join(["SMILES,text", *rows]))
    data = f"data: {{source: table, path: {table}, columns: {{smiles: SMILES, text: text}}}}"
    text = small_space_text.replace("data: {source: names, limit: 700}", data)
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace("epochs: 6", "epochs: 2").replace("trials: 8", "trials: 2"))
    folder = tmp_path / "mine"
    code, out = sweep.run("run", path, "--out", folder)
    assert code == 0, out
    before = (folder / "environment.json").read_bytes()
    table.write_text(table.read_text().replace("number 5 ", "number five "))
    code, out = sweep.run("extend", folder, "--trials", "3")
    assert (code, "must continue with the data that it began with" in " ".join(out.split())) == (
        2, True,
    ), out  # fmt: skip
    assert (folder / "environment.json").read_bytes() == before

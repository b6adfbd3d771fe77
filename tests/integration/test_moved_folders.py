"""A sweep of relative paths, from one working directory to another and after a move."""

import json
import shutil

import pytest
from waiting import patience

from class_sweep.config.document import load_space

pytestmark = [pytest.mark.ray, pytest.mark.long]

SPACE = """\
data: {source: table, path: ../mine.csv}
text_encoder: {model: ../models/bert, trainable: last_1, max_tokens: 16}
molecule_encoder: {kind: morgan, bits: 64}
backbone: {name: contrastive, hidden: 8, dimension: 8}
curriculum: {order: random, alpha: {uniform: [0.5, 0.9]}, beta: 0.3, sigma: {uniform: [0.5, 0.9]}}
optimizer: {batch_size: 8}
budget: {epochs: 3}
search: {trials: 3, max_concurrent: 1}
pruning: {kind: none}
confirm: {finalists: 0}
"""


@pytest.fixture
def experiment(tmp_path, tiny_bert):
    """A folder with a table, a model and a space that names both by relative paths."""
    home = tmp_path / "home"
    (home / "spaces").mkdir(parents=True)
    shutil.copytree(tiny_bert, home / "models" / "bert")
    rows = [f"{'C' * n}O,an alcohol of {n} carbon atoms" for n in range(1, 81)]
    (home / "mine.csv").write_text("smiles,text\n" + "\n".join(rows) + "\n")
    (home / "spaces" / "mine.yaml").write_text(SPACE)
    return home


def test_relative_paths_work_from_anywhere_and_a_moved_folder_resumes(
    sweep, experiment, tmp_path, monkeypatch
):
    monkeypatch.setattr(sweep, "cwd", experiment / "models")
    code, out = sweep.run("check", "../spaces/mine.yaml")
    assert code == 0, out
    process = sweep.start_and_wait(
        experiment / "models" / "r", 2, "run", "../spaces/mine.yaml", "--out", "r"
    )
    process.kill()
    process.communicate(timeout=patience())
    moved = tmp_path / "elsewhere" / "moved"
    moved.parent.mkdir()
    (experiment / "models" / "r").rename(moved)
    monkeypatch.setattr(sweep, "cwd", moved.parent)
    code, out = sweep.run("resume", moved)
    assert code == 0, out
    trials = json.loads((moved / "summary.json").read_text())["trials"]
    assert "curriculum.sigma: does nothing, so the search leaves it out" in " ".join(out.split())
    assert (trials["finished"], trials["failed"]) == (3, 0)
    for file in (moved / "space.yaml", moved / "best.yaml"):
        settings = load_space(file).settings
        assert settings.data.path.samefile(experiment / "mine.csv")
        assert settings.text_encoder.model.startswith("/")
    code, out = sweep.run("train", "moved/best.yaml", "--out", "model")
    assert code == 0, out
    monkeypatch.setattr(sweep, "cwd", tmp_path)
    code, out = sweep.run("evaluate", "elsewhere/model")
    assert code == 0, out
    assert str(experiment / "models" / "r") not in (moved / "space.yaml").read_text()

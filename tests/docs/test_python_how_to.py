"""The how-to page and the notebook of the Python interface run as they are printed there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from documents import ROOT, blocks
from made_sweeps import make_folder

import class_sweep as cs

PAGE = ROOT / "docs" / "how-to" / "python.md"
NOTEBOOK = ROOT / "docs" / "how-to" / "first-sweep.ipynb"


class Training:
    """A training loop of one's own whose learning curve depends on the settings alone."""

    def __init__(self, settings):
        self.alpha = settings.curriculum.alpha

    def train_to(self, step):
        return self.alpha * step / (step + 100)


def test_the_code_of_the_page_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def run(space, out):
        return cs.open(make_folder(Path(out), space.text, trials=8))

    monkeypatch.setattr(cs, "run", run, raising=False)

    def submit(text):
        Path("job.yaml").write_text(text)
        return cs.load_space("job.yaml")

    jobs = {}
    names = {
        "Training": Training, "jobs": jobs, "finished_jobs": lambda: [], "still_running": [],
        "submit": submit,
    }  # fmt: skip
    for block in blocks(PAGE, "python"):
        exec(block, names)  # noqa: S102 - ours
    assert list(names["best"].objective) == sorted(names["best"].objective, reverse=True)
    assert names["curves"].shape[1] == 8
    assert "<BestConfiguration trial" in capsys.readouterr().out
    assert cs.open("results/loop").state == "finished"
    assert list(jobs) == list(range(8))
    assert jobs[0].settings.curriculum.alpha == 1


@pytest.mark.long
@pytest.mark.ray
def test_the_notebook_runs(tmp_path):
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] for cell in cells if cell["cell_type"] == "code")
    program = tmp_path / "cells.py"
    program.write_text("\n".join(code), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "budget.epochs: must be at least 1, got 0" in done.stdout
    assert "curriculum.alpha: must be a fraction in (0, 1], got 40; write 0.40" in done.stdout
    assert (tmp_path / "results" / "first" / "report.html").exists()
    assert (tmp_path / "models" / "first" / "model.json").exists()

"""Hundreds of damaged results and model folders × every reading command: one error at most."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from waiting import patience

SEED = 20_261_130  # of the damage; a failure names the seed of its own folder
FOLDERS = 320
SCRIPT = Path(__file__).parents[1] / "support" / "damaged_runs.py"
FAMILIES = {
    "alcohol": "C{}O", "acid": "C{}C(=O)O", "ester": "C{}OC(=O)c1ccccc1", "arene": "C{}c1ccccc1",
}  # fmt: skip
SPACE = {
    "data": {"source": "table", "path": "pairs.csv"},
    "text_encoder": {"kind": "lsa", "dimensions": 8},
    "molecule_encoder": {"kind": "morgan", "bits": 64},
    "backbone": {"name": "contrastive", "hidden": 16, "dimension": 8},
    "curriculum": {"order": "random", "alpha": {"uniform": [0.3, 0.9]}, "beta": 0.1},
    "optimizer": {"lr": 3e-3, "batch_size": 8},
    "budget": {"epochs": 3},
    "search": {"trials": 3, "baselines": ["full_data"], "max_concurrent": 1},
    "pruning": {"grace_epochs": 1},
    "confirm": {"finalists": 1, "seeds": 3, "max_seeds": 3},
    "resources": {"cpus": 1},
}


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    """A sweep whose test split was read, a recording and a model, on real Ray."""
    folder = tmp_path_factory.mktemp("bases")
    rows = [f"{smiles.format('C' * n)},the {name} of {n} carbons"
            for name, smiles in FAMILIES.items() for n in range(15)]  # fmt: skip
    (folder / "pairs.csv").write_text("\n".join(["smiles,text", *rows]))
    (folder / "space.yaml").write_text(yaml.safe_dump(SPACE))

    def command(*arguments):
        done = subprocess.run(
            [sys.executable, "-m", "class_sweep.cli", *arguments],
            cwd=folder, capture_output=True, text=True, check=False, timeout=patience(60),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    command("run", "space.yaml", "--out", "sweep")
    command("confirm", "sweep", "--test")
    command("run", "space.yaml", "--record", "2", "--out", "recording")
    command("train", "sweep/best.yaml", "--out", "model")
    for name in ("sweep", "recording"):
        (folder / name / "report.html").unlink()  # nothing reads it
    return folder


@pytest.mark.long
@pytest.mark.ray
def test_no_damage_ends_a_reading_command_in_a_traceback_or_a_hang(bases):
    done = subprocess.run(
        [sys.executable, SCRIPT, *(bases / name for name in ("sweep", "recording", "model")),
         str(FOLDERS), str(SEED)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False, timeout=patience(150),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3_000:]
    result = json.loads(done.stdout)
    assert result["folders"] == FOLDERS
    assert result["commands"] > 2 * FOLDERS
    assert result["faults"] == []

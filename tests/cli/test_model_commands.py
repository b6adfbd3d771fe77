"""`train`, `evaluate` and `retrieve` on the command line, with valid and invalid input."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CONFIG = """\
data: {source: names, limit: 300}
text_encoder: {kind: lsa, dimensions: 32}
molecule_encoder: {kind: morgan, bits: 256}
backbone: {name: contrastive, hidden: 32, dimension: 16}
curriculum: {order: hard_first, alpha: 0.5, beta: 0.2, sigma: 0.5}
optimizer: {lr: 3e-3, batch_size: 16}
budget: {epochs: 4}
search: {trials: 1, seed: 3}
"""
LONG = CONFIG.replace("epochs: 4", "epochs: 3000")
ROOT = Path(__file__).parents[2]


def start(folder: Path, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "class_sweep.cli", *map(str, arguments)],
        cwd=folder, env=os.environ | {"COLUMNS": "200"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory, cache_folder) -> Path:
    from class_sweep.models import train_models

    folder = tmp_path_factory.mktemp("model")
    (folder / "best.yaml").write_text(CONFIG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLASS_SWEEP_CACHE", str(cache_folder))
        return train_models(folder / "best.yaml", folder / "first")[0].path


def test_train_then_evaluate_then_retrieve(command, tmp_path):
    (tmp_path / "best.yaml").write_text(CONFIG)
    code, out, err = command("train", "best.yaml", "--out", "models/first")
    assert code == 0, err
    assert "step 0 of" in out
    assert "models/first" in out
    code, out, err = command("evaluate", "models/first", "--split", "test", "--pool", "all")
    assert code == 0, err
    assert "test, 30 queries against all: 300 molecules" in out
    assert "against split" not in out
    assert re.search(r"hits@1 +\d+\.\d % \[\d+\.\d, \d+\.\d %\]", out)
    assert re.search(r"at most +\d+\.\d %, \d+\.\d % alike", out)
    code, out, err = command("retrieve", "models/first", "ethanol", "--top", "3")
    assert code == 0, err
    assert re.findall(r"^(\d+) +-?\d\.\d{4}", out, re.MULTILINE) == ["1", "2", "3"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["best.yaml", "models"]


def test_without_out_the_model_folder_has_the_name_and_the_time(command, tmp_path):
    (tmp_path / "best.yaml").write_text(CONFIG)
    code, _, err = command("train", "best.yaml", "--seeds", "2")
    assert code == 0, err
    (folder,) = (tmp_path / "models").iterdir()
    assert re.fullmatch(r"best-\d{8}-\d{6}", folder.name)
    assert {p.name for p in folder.iterdir()} == {"seed-3", "seed-4", "summary.json"}


def test_evaluate_and_retrieve_as_json(command, model):
    code, out, _ = command("evaluate", model, "--json")
    assert code == 0
    tree = json.loads(out)
    assert tree["candidates"]["all"]["molecules"] == 300
    assert set(tree["intervals"]) == set(tree["metrics"])
    assert set(tree["ceilings"]["all/text_to_molecule"]) == {"alike", "hits_at_1"}
    code, out, _ = command("retrieve", model, "--smiles", "CCO", "--top", "2", "--json")
    assert code == 0
    tree = json.loads(out)
    assert [hit["rank"] for hit in tree["hits"]] == [1, 2]
    assert tree["asked"] == "molecule"
    assert tree["reranked"] == 0


def test_a_page_is_self_contained_and_escaped(command, model, tmp_path):
    code, _, err = command("retrieve", model, "<b>ethanol</b>", "--html", "page.html")
    assert code == 0
    assert "wrote page.html" in err
    page = (tmp_path / "page.html").read_text()
    assert page.count("<svg") == 10
    assert "&lt;b&gt;ethanol" in page
    assert "<b>ethanol" not in page
    assert not re.search(r"(src|href)=|https?://", page)
    assert "<script" not in page


def test_a_page_draws_the_molecule_of_the_query(command, model, tmp_path):
    assert command("retrieve", model, "--smiles", "CCO", "--top", "1", "--html", "p.html")[0] == 0
    assert (tmp_path / "p.html").read_text().count("<svg") == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["retrieve", "MODEL"], "a query must be a text or a SMILES, got neither"),
        (["retrieve", "MODEL", "a", "--smiles", "C"], "a text or a SMILES, got both"),
        (["retrieve", "MODEL", ""], "a query must not be empty"),
        (["retrieve", "MODEL", "--smiles", "C1C"], "RDKit cannot read the SMILES 'C1C'"),
        (["retrieve", "MODEL", "a", "--top", "0"], "top must be at least 1, got 0"),
        (["retrieve", "MODEL", "a", "--from", "no.smi"], "no.smi"),
        (["retrieve", "MODEL", "a", "--html", "best.yaml/p.html"], "must be a file below a folder"),
        (["retrieve", "nowhere", "a"], "a model folder must hold model.json"),
        (["evaluate", "MODEL", "--split", "tset"], "one of train, validation, test, got 'tset'"),
        (["evaluate", "MODEL", "--pool", "every"], "one of split, all, got 'every'"),
        (["evaluate", "MODEL", "--data", "x"], "for the source names"),
        (["evaluate", "nowhere"], "a model folder must hold model.json"),
        (["train", "nowhere.yaml"], "nowhere.yaml"),
        (["train", "axes.yaml"], "must have no axes, got curriculum.alpha"),
        (["train", "best.yaml", "--out", "taken"], "must be new: taken exists"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line_and_nothing_is_written(command, model, tmp_path, arguments, words):
    (tmp_path / "best.yaml").write_text(CONFIG)
    (tmp_path / "taken").mkdir()
    (tmp_path / "axes.yaml").write_text(
        CONFIG.replace("alpha: 0.5", "alpha: {uniform: [0.3, 0.9]}").replace(
            "trials: 1", "trials: 4"
        )
    )
    before = sorted(tmp_path.rglob("*"))
    code, out, err = command(*(str(model) if a == "MODEL" else a for a in arguments))
    assert code == 2, out + err
    assert err.startswith("error: ")
    assert words in err
    assert len(err.splitlines()) == 1
    assert "Traceback" not in out + err
    assert sorted(tmp_path.rglob("*")) == before


def step_of(process: subprocess.Popen) -> int:
    """Waits for the first line of a training; returns the step at which it begins."""
    line = next(line for line in process.stdout if "training, seed 3" in line)
    return int(re.search(r"step ([\d,]+)", line)[1].replace(",", ""))


def test_ctrl_c_saves_a_checkpoint_and_prints_the_command_that_continues(tmp_path):
    (tmp_path / "long.yaml").write_text(LONG)
    process = start(tmp_path, "train", "long.yaml", "--out", "long")
    assert step_of(process) == 0
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, out + err
    command = "class-sweep train long.yaml --out long"
    assert err == f"error: the training was interrupted; continue it with: {command}\n"
    assert (tmp_path / "long.training" / "state.pt").exists()
    process = start(tmp_path, "train", "long.yaml", "--out", "long")
    assert step_of(process) > 0
    process.kill()  # like a machine that fails
    process.communicate()
    assert not (tmp_path / "long").exists()


def test_training_needs_no_ray(tmp_path):
    (tmp_path / "best.yaml").write_text(CONFIG)
    script = (
        "import sys\nfrom class_sweep.models import Model, train_models\n"
        "(folder,) = train_models('best.yaml', 'model')\nModel.load(folder.path).retrieve('a')\n"
        "print('ray' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "False"


def test_the_python_of_the_model_card_runs(model, monkeypatch, capsys):
    card = (model / "README.md").read_text()
    (block,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    monkeypatch.chdir(model.parent)
    exec(compile(block, "card", "exec"), {})  # noqa: S102 - as above
    assert len(capsys.readouterr().out.splitlines()) == 3

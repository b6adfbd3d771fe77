"""Sweeps over every kind of difficulty on a real Ray, from the command line."""

import json
import signal

import pytest
from waiting import wait_for

from class_sweep.config.components import DIFFICULTIES
from class_sweep.results.folder import ResultsFolder

pytestmark = pytest.mark.ray

SPACE = """\
data: {{source: table, path: own.csv, columns: {{split: split, difficulty: hardness}}}}
text_encoder: {{kind: lsa, dimensions: 16}}
molecule_encoder: {{kind: morgan, bits: 64}}
backbone: {{name: contrastive, hidden: 16, dimension: 8}}
curriculum:
  difficulty: {{choice: [{kinds}]}}
  margin_epochs: {epochs}
  alpha: 0.5
  beta: 0.1
  sigma: {{quantile: 0.5}}
optimizer: {{lr: 3e-3, batch_size: 16}}
budget: {{epochs: 3}}
search: {{trials: {trials}, sampler: grid, baselines: [paper]}}
pruning: {{kind: none}}
confirm: {{finalists: 0}}
"""


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """The folder of a table of alkanes and alcohols, each with a number."""
    folder = tmp_path_factory.mktemp("difficulties")
    lines = ["smiles,text,split,hardness"]
    for n in range(1, 201):
        smiles = "C" * (n // 2 + 1) + ("O" if n % 2 else "")
        split = "validation" if n % 10 in (8, 9) else "train"
        lines.append(f"{smiles},a chain of {n // 2 + 1} and {n % 2},{split},{n * 37 % 200}")
    (folder / "own.csv").write_text("\n".join(lines))
    return folder


def write(folder, name, kinds, epochs=2):
    file = folder / f"{name}.yaml"
    text = SPACE.format(kinds=", ".join(kinds), epochs=epochs, trials=len(kinds) + 1)
    file.write_text(text)
    return file


@pytest.mark.long
def test_a_sweep_over_every_difficulty(sweep, table, lines):
    file, folder = write(table, "all", DIFFICULTIES), table / "all"
    code, out = sweep.run("run", file, "--out", folder)
    assert code == 0, out
    ends = {line["trial"]: line for line in lines(folder)}
    kinds = [line["config"]["curriculum.difficulty"] for line in ends.values()]
    assert sorted(kinds) == sorted(["look_alikes", *DIFFICULTIES])  # the paper's come first
    assert {line["decision"] for line in ends.values()} == {"finish"}
    scores = {line["config"]["curriculum.difficulty"]: line["objective"] for line in ends.values()}
    assert len(set(scores.values())) == len(DIFFICULTIES)
    environment = ResultsFolder(folder).read_environment()
    computed = list(environment.index_sha256)[1:]
    assert computed == ["margin (margin_epochs 2)", "ridge", "column"]
    assert "difficulty" in json.loads((folder / "summary.json").read_text())["seconds"]
    code, out = sweep.run("resume", folder)
    assert "the difficulty differs" not in out


@pytest.mark.long
def test_a_kill_during_the_run_for_the_margins_leaves_nothing(sweep, table, tmp_path):
    file, folder = write(table, "killed", ["margin", "ridge"], epochs=2000), table / "killed"
    process = sweep.start("run", file, "--out", folder, CLASS_SWEEP_CACHE=str(tmp_path))
    wait_for(process, lambda: list(tmp_path.glob("margins-*.lock")))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not folder.exists()
    assert not [*tmp_path.glob("margins-*.safetensors"), *tmp_path.glob("margins-*.tmp")]
    write(table, "killed", ["margin", "ridge"], epochs=1)
    code, out = sweep.run("run", file, "--out", folder, CLASS_SWEEP_CACHE=str(tmp_path))
    assert code == 0, out
    assert len(list(tmp_path.glob("margins-*.safetensors"))) == 1


def test_bad_numbers_are_one_error_and_nothing_is_written(sweep, table):
    broken = (table / "own.csv").read_text().replace(",train,74\n", ",train,much\n")
    (table / "broken.csv").write_text(broken)
    file, folder = write(table, "broken", ["column", "ridge"]), table / "broken"
    file.write_text(file.read_text().replace("own.csv", "broken.csv"))
    code, out = sweep.run("run", file, "--out", folder)
    assert code == 2
    assert out.splitlines()[-1].endswith(
        f"a number must be finite, got 'much' in column 'hardness' at {table}/broken.csv:3"
    )
    assert not folder.exists()

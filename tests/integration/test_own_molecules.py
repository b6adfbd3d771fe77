"""Sweeps on a real Ray: feature files, a trained transformer over SMILES, a graph network."""

import json

import numpy as np
import pytest

pytestmark = [pytest.mark.ray, pytest.mark.long]

SPACE = """\
data: {{source: table, path: own.csv, columns: {{id: name}}, max_dropped: 0.1}}
text_encoder: {text}
molecule_encoder: {molecule}
backbone: {{name: contrastive, hidden: 16, dimension: 8{backbone}}}
curriculum: {{order: random, alpha: {{uniform: [0.4, 0.9]}}}}
optimizer: {{lr: 3e-3, batch_size: 16{optimizer}}}
budget: {{epochs: 3}}
search: {{trials: 3, baselines: [full_data]}}
pruning: {{kind: none}}
confirm: {{finalists: 0}}
"""


@pytest.fixture
def write(tmp_path):
    """Write a space over alkanes and alcohols, and vectors for each of them."""
    chains = [("C" * (n // 2 + 1) + "O" * (n % 2), f"a chain of {n // 2 + 1} and {n % 2}")
              for n in range(120)]  # fmt: skip
    rows = [f"m{n},{smiles},{text}" for n, (smiles, text) in enumerate(chains)]
    rows.insert(7, "bad,C1CC,an unreadable one")
    (tmp_path / "own.csv").write_text("\n".join(["name,smiles,text", *rows]))
    random = np.random.default_rng(0)
    latent = random.normal(size=(121, 6))
    np.save(tmp_path / "molecules.npy", latent @ random.normal(size=(6, 20)))
    names = [row.partition(",")[0] for row in rows]
    np.savez(tmp_path / "texts.npz", vectors=latent @ random.normal(size=(6, 12)), ids=names)

    def made(name, text="{kind: lsa, dimensions: 16}", backbone="", optimizer="", **molecule):
        settings = ", ".join(f"{key}: {value}" for key, value in molecule.items())
        file = tmp_path / f"{name}.yaml"
        file.write_text(SPACE.format(
            text=text, molecule=f"{{{settings}}}", backbone=backbone, optimizer=optimizer
        ))  # fmt: skip
        return file

    return made


def finished(sweep, file, lines):
    folder = file.with_suffix("")
    code, out = sweep.run("run", file, "--out", folder)
    assert code == 0, out
    ends = {line["trial"]: line["decision"] for line in lines(folder)}
    assert ends == dict.fromkeys(range(3), "finish")
    return folder


def test_a_sweep_over_feature_files_does_not_resume_with_another_file(sweep, write, lines):
    file = write("file", "{kind: file, path: texts.npz}", kind="file", path="molecules.npy")
    folder = finished(sweep, file, lines)
    assert json.loads((folder / "environment.json").read_text())["encoder_sha256"].keys() == {
        "text_encoder", "molecule_encoder",
    }  # fmt: skip
    vectors = np.load(file.parent / "molecules.npy")
    vectors[3, 0] += 1
    np.save(file.parent / "molecules.npy", vectors)
    code, out = sweep.run("resume", folder)
    assert code == 2
    assert "must continue with the molecule_encoder that it began with" in out


def test_a_sweep_trains_a_transformer_over_smiles(sweep, write, lines, tiny_roberta):
    file = write(
        "transformer",
        optimizer=", molecule_encoder_lr: {loguniform: [1e-4, 1e-3]}",
        kind="huggingface",
        model=tiny_roberta,
        trainable="last_1",
        max_tokens=64,
    )
    folder = finished(sweep, file, lines)
    code, out = sweep.run("train", folder / "best.yaml", "--out", folder / "model")
    assert code == 0, out
    code, out = sweep.run("retrieve", folder / "model", "--smiles", "CCCCCCN", "--top", "2")
    assert code == 0, out


def test_a_sweep_trains_a_graph_isomorphism_network(sweep, write, lines):
    backbone = ", molecule: gin, layers: {int: [1, 2]}"
    finished(sweep, write("gin", backbone=backbone, kind="mol2vec", dimensions=8, epochs=1), lines)

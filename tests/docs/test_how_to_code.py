"""The Python of the how-to pages runs as it is printed there."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from documents import ROOT, blocks
from torch.nn import functional

from class_sweep.base.array_cache import NoCache
from class_sweep.config.document import load_space
from class_sweep.curriculum import CurriculumRun
from class_sweep.data.corpus import load_pairs
from class_sweep.encoders.encoder import fit_text_encoder

BEST = """\
data: {source: names, limit: 300}
text_encoder: {kind: lsa, dimensions: 32}
molecule_encoder: {kind: morgan, bits: 256}
backbone: {name: contrastive, hidden: 32, dimension: 16}
curriculum: {order: hard_first, alpha: 0.4, beta: 0.3, intensity: inverse, sigma: 0.5}
optimizer: {batch_size: 8}
budget: {epochs: 4}
search: {trials: 1, seed: 3}
"""
L = 64


def example(page: str, word: str) -> str:
    """The Python block of a page that holds a word."""
    [block] = [block for block in blocks(ROOT / "docs" / page, "python") if word in block]
    return block


@pytest.fixture(autouse=True)
def best(tmp_path, monkeypatch):
    """A working folder with a best.yaml."""
    monkeypatch.chdir(tmp_path)
    Path("best.yaml").write_text(BEST)


@pytest.fixture
def difficulty():
    return np.arange(L) % 17


def test_the_loop_trains(difficulty):
    torch.manual_seed(0)
    texts = molecules = torch.randn(L, 6)
    model = torch.nn.Linear(6, 6)
    sizes = []

    def loss_of(model, text, molecule):
        sizes.append(len(text))
        return functional.cross_entropy(model(text) @ molecule.T, torch.arange(len(text)))

    before = loss_of(model, texts, molecules).item()
    names = {
        "torch": torch, "difficulty": difficulty, "model": model, "texts": texts,
        "molecules": molecules, "loss_of": loss_of,
    }  # fmt: skip
    exec(example("how-to/own-loop.md", "for epoch in range(run.epochs)"), names)  # noqa: S102 - ours
    assert sizes == [L] + [8] * 24
    assert loss_of(model, texts, molecules).item() < before
    assert names["rates"].get_last_lr() == [pytest.approx(0, abs=1e-9)]


def test_the_trainer_sees_the_batches_and_weights_of_the_schedule(difficulty, monkeypatch):
    pytest.importorskip("accelerate")
    torch.manual_seed(0)
    seen, weighed = [], []
    weight = CurriculumRun.weight
    monkeypatch.setattr(
        CurriculumRun, "weight", lambda run, epoch: weighed.append(epoch) or weight(run, epoch)
    )

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = torch.nn.Linear(6, 6)

        def forward(self, text, molecule, row):
            seen.append(row.tolist())
            scores = self.linear(text) @ molecule.T
            return {"loss": functional.cross_entropy(scores, torch.arange(len(text)))}

    data = [{"text": torch.randn(6), "molecule": torch.randn(6), "row": i} for i in range(L)]
    names = {"difficulty": difficulty, "model": Model(), "data": data}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # transformers' own
        exec(example("how-to/own-loop.md", "CurriculumTrainer"), names)  # noqa: S102 - ours
    trainer, run = names["trainer"], names["run"]
    assert trainer.state.global_step == run.steps == 24
    assert [row for batch in seen for row in batch] == list(run)
    assert weighed == [0] * 3 + [1] * 5 + [2] * 8 + [3] * 8


def test_a_model_is_trained_evaluated_and_asked(cache_folder, monkeypatch, capsys):
    monkeypatch.setenv("CLASS_SWEEP_CACHE", str(cache_folder))
    exec(example("how-to/train-a-model.md", "train("), {})  # noqa: S102 - ours
    *progress, metric, first, second, third = capsys.readouterr().out.splitlines()
    assert "training, seed 3" in progress[-1]
    assert re.match(r"[\d.]+ \(", metric)
    assert [line.split()[0] for line in (first, second, third)] == ["1", "2", "3"]


def test_the_example_of_own_features_makes_a_file_that_fits_its_table():
    rows = [f"{n:03},{'C' * (n % 29 + 1)}{'ON'[n % 2]},text {n}" for n in range(58)]
    Path("mine.csv").write_text("\n".join(["id,smiles,text", *rows]))
    vectors = np.random.default_rng(0).normal(size=(58, 6)).astype(np.float32)
    exec(  # noqa: S102 - it is ours
        example("how-to/own-features.md", "np.savez"),
        {"embed": lambda texts: vectors[: len(texts)]},
    )
    [data] = [
        block for block in blocks(ROOT / "docs/how-to/own-features.md", "yaml") if "data:" in block
    ]
    Path("own.yaml").write_text(data + BEST.partition("\n")[2].partition("\n")[2])
    space = load_space(Path("own.yaml"))
    pairs = load_pairs(space.settings.data)
    settings, train = space.settings.text_encoder, pairs.rows("train")
    encoder = fit_text_encoder(
        settings, pairs.texts, train, cache=NoCache(), source=pairs.text_rows
    )
    features = encoder.encode(pairs.texts, cache=NoCache())
    order = [int(text.removeprefix("text ")) for text in pairs.texts]
    assert np.array_equal(features, vectors[order])

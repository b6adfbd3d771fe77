"""From a configuration to a model folder, with stops and resumptions."""

import json
import math
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from class_sweep.config.objective import metric_names
from class_sweep.errors import ConfigError, InterruptedTrainingError, ModelError, QueryError
from class_sweep.models import Model, train_models
from class_sweep.results.callback import Callback


class Stop(Callback):
    """Requests a stop after some checks."""

    def __init__(self, looks):
        self.looks = looks
        self.steps = []

    def on_training_step(self, seed, step, steps, loss):  # noqa: ARG002
        self.steps.append(step)

    def stop_requested(self):
        self.looks -= 1
        return self.looks <= 0


@pytest.fixture
def config(tmp_path, plain_text):
    path = tmp_path / "best.yaml"
    path.write_text(plain_text)
    return path


def test_a_model_folder_has_its_documented_files(plain):
    assert {p.name for p in plain.iterdir()} == {
        "model.safetensors", "encoders.safetensors", "config.yaml", "metrics.json", "model.json",
        "README.md",
    }  # fmt: skip
    assert not plain.with_name("model.training").exists()
    metrics = json.loads((plain / "metrics.json").read_text())
    assert metrics["pairs"] == {"train": 240, "validation": 30, "test": 30}
    assert metrics["samples"] == metrics["steps"] * 16
    assert list(metrics) == [
        "seed", "steps", "samples", "share_of_full_data", "seconds", "pairs", "extra_molecules",
        "validation",
    ]  # fmt: skip
    assert list(metrics["validation"]) == metric_names()
    card = (plain / "README.md").read_text()
    assert json.loads((plain / "model.json").read_text())["data_sha256"] in card
    assert "order: hard_first" in card


def test_a_resumed_training_gives_the_same_numbers(plain, config, tmp_path):
    out, stops = tmp_path / "again", 0
    while True:
        callback = Stop(2)
        try:
            train_models(config, out, callback=callback)
            break
        except InterruptedTrainingError as error:
            stops += 1
            message = str(error)
    assert stops >= 2
    assert (
        message
        == f"the training was interrupted; continue it with: class-sweep train {config} --out {out}"
    )
    assert callback.steps[0] > 0  # resumed, not restarted
    for name, tensor in load_file(plain / "model.safetensors").items():
        assert torch.equal(tensor, load_file(out / "model.safetensors")[name]), name
    uncut, resumed = (json.loads((p / "metrics.json").read_text()) for p in (plain, out))
    assert uncut["validation"] == resumed["validation"]


def test_several_seeds_have_a_folder_each_and_a_mean_with_its_error(config, tmp_path):
    models = train_models(config, tmp_path / "five", seeds=3)
    assert [model.path.name for model in models] == ["seed-3", "seed-4", "seed-5"]
    values = [model.metrics.validation["split/mrr"] for model in models]
    assert len(set(values)) == 3
    summary = json.loads((tmp_path / "five" / "summary.json").read_text())
    assert summary["validation"]["split/mrr"] == {
        "mean": pytest.approx(np.mean(values)),
        "standard_error": pytest.approx(np.std(values, ddof=1) / math.sqrt(3)),
    }
    assert Model.load(models[1].path).settings.search.seed == 4
    again = train_models(config, tmp_path / "five", seeds=3)  # all models exist
    assert again == models


def test_the_first_seed_is_the_model_without_seeds(config, plain, tmp_path):
    first, _ = train_models(config, tmp_path / "two", seeds=2)
    assert (
        first.metrics.validation == json.loads((plain / "metrics.json").read_text())["validation"]
    )


def test_paths_of_a_model_are_absolute(tmp_path, table, monkeypatch, trained, graphs_text):
    path = tmp_path / "relative.yaml"
    beside = os.path.relpath(table, tmp_path)
    path.write_text(
        graphs_text("contrastive").replace(str(table), beside).replace(", layers: 1", "")
    )
    (model,) = train_models(path, tmp_path / "model")
    monkeypatch.chdir(tmp_path.parent)
    assert Model.load(model.path).evaluate(pools=["split"]).queries == 6


def test_a_space_with_axes_is_refused_with_their_names(tmp_path, small_space_text):
    path = tmp_path / "space.yaml"
    path.write_text(small_space_text)
    with pytest.raises(ConfigError, match=r"no axes, got curriculum\.order, curriculum\.alpha"):
        train_models(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_of_something_else_is_refused(config, tmp_path, plain_text):
    (tmp_path / "full").mkdir()
    with pytest.raises(ModelError, match=r"must be new: .*full exists"):
        train_models(config, tmp_path / "full")
    with pytest.raises(InterruptedTrainingError):
        train_models(config, tmp_path / "out", callback=Stop(1))
    config.write_text(plain_text.replace("lr: 3e-3", "lr: 2e-3"))
    with pytest.raises(ModelError, match=r"same configuration: .*: optimizer\.lr 0\.003 → 0\.002;"):
        train_models(config, tmp_path / "out")


@pytest.fixture
def own_table(config, plain_text, table, tmp_path):
    """A copy of the table that a test may change; the configuration names it."""
    copy = tmp_path / "own.csv"
    copy.write_text(table.read_text())
    text = plain_text.replace("{source: names, limit: 300}", f"{{source: table, path: {copy}}}")
    config.write_text(text.replace("batch_size: 16", "batch_size: 6"))
    return copy


def test_changed_data_under_an_interrupted_training_are_refused(config, own_table, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(InterruptedTrainingError):
        train_models(config, out, callback=Stop(1))
    before = own_table.read_text()
    own_table.write_text(before.replace(" ", " very ", 5))
    with pytest.raises(ModelError, match="must continue with the data that it began with"):
        train_models(config, out)
    assert not out.exists()
    own_table.write_text(before)
    train_models(config, out)


def test_weights_that_changed_at_the_same_path_are_refused(tmp_path, tiny_bert, table, graphs_text):
    bert = shutil.copytree(tiny_bert, tmp_path / "bert")
    path = tmp_path / "graphs.yaml"
    text = graphs_text("contrastive", "true").replace(str(tiny_bert), str(bert))
    path.write_text(text.replace(", layers: 1", ""))
    with pytest.raises(InterruptedTrainingError):
        train_models(path, tmp_path / "out", callback=Stop(1))
    (weights,) = bert.glob("*.safetensors")
    save_file({n: t + 0.01 for n, t in load_file(weights).items()}, weights, {"format": "pt"})
    with pytest.raises(ModelError, match="must continue with the text_encoder that it began with"):
        train_models(path, tmp_path / "out")


def test_data_that_moved_continue_an_interrupted_training(config, own_table, tmp_path):
    with pytest.raises(InterruptedTrainingError):
        train_models(config, tmp_path / "out", callback=Stop(1))
    moved = own_table.rename(tmp_path / "moved.csv")
    config.write_text(config.read_text().replace(str(own_table), str(moved)))
    callback = Stop(10**9)
    train_models(config, tmp_path / "out", callback=callback)
    assert callback.steps[0] > 0


def test_models_of_several_seeds_have_the_same_data(config, own_table, tmp_path):
    train_models(config, tmp_path / "two", seeds=1)
    own_table.write_text(own_table.read_text().replace(" ", " very ", 5))
    with pytest.raises(ModelError, match="must have the same data"):
        train_models(config, tmp_path / "two", seeds=2)


def test_other_versions_under_an_interrupted_training_are_a_warning(
    config, own_table, tmp_path, caplog
):
    with pytest.raises(InterruptedTrainingError):
        train_models(config, tmp_path / "out", callback=Stop(1))
    file = tmp_path / "out.training" / "provenance.json"
    tree = json.loads(file.read_text())
    tree["packages"]["torch"] = "1.0"
    file.write_text(json.dumps(tree))
    train_models(config, tmp_path / "out")
    assert "torch 1.0 → " in caplog.text


def test_a_training_of_version_0_2_continues_with_a_word(config, own_table, tmp_path, caplog):
    with pytest.raises(InterruptedTrainingError):
        train_models(config, tmp_path / "out", callback=Stop(1))
    (tmp_path / "out.training" / "provenance.json").unlink()
    train_models(config, tmp_path / "out")
    assert "version 0.2" in caplog.text


def test_models_of_several_seeds_are_not_written_into_a_model(config, plain):
    before = sorted(path.name for path in plain.iterdir())
    with pytest.raises(ModelError, match="must be new or hold models, got the model"):
        train_models(config, plain, seeds=2)
    assert sorted(path.name for path in plain.iterdir()) == before


def test_seeds_must_be_one_or_more(config, tmp_path):
    with pytest.raises(QueryError, match="seeds must be at least 1, got 0"):
        train_models(config, tmp_path / "out", seeds=0)


def test_a_model_is_trained_by_one_process(config, tmp_path):
    from class_sweep.base.locks import Lock

    with pytest.raises(InterruptedTrainingError):
        train_models(config, tmp_path / "out", callback=Stop(1))
    held = Lock.take(tmp_path / "out.training" / ".lock")
    with held, pytest.raises(ModelError, match="by one process"):
        train_models(config, tmp_path / "out")


def test_a_full_disk_is_one_error_with_the_command_that_continues(config, tmp_path):
    """The checkpoint is larger than the process may write."""
    script = """
import resource, sys
from class_sweep.errors import StorageError
from class_sweep.models import train_models
from class_sweep.results.callback import Callback

class Stop(Callback):
    def stop_requested(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
        return True

try:
    train_models(sys.argv[1], sys.argv[2], callback=Stop())
except StorageError as error:
    print(error)
"""
    out = tmp_path / "a b"
    done = subprocess.run(
        [sys.executable, "-c", script, str(config), str(out)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "File too large" in done.stdout
    assert f"continue with: class-sweep train {config} --out '{out}'" in done.stdout
    assert train_models(config, out)

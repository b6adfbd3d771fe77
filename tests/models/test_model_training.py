"""From a configuration to a model folder, with stops and resumptions."""

import json
import math
import os

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from class_sweep.config.objective import metric_names
from class_sweep.errors import ConfigError, InterruptedTrainingError, ModelError, QueryError
from class_sweep.models import Model, train
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
            train(config, out, callback=callback)
            break
        except InterruptedTrainingError as error:
            stops += 1
            message = str(error)
    assert stops >= 2
    assert message == f"interrupted; continue with: class-sweep train {config} --out {out}"
    assert callback.steps[0] > 0  # resumed, not restarted
    for name, tensor in load_file(plain / "model.safetensors").items():
        assert torch.equal(tensor, load_file(out / "model.safetensors")[name]), name
    uncut, resumed = (json.loads((p / "metrics.json").read_text()) for p in (plain, out))
    assert uncut["validation"] == resumed["validation"]


def test_several_seeds_have_a_folder_each_and_a_mean_with_its_error(config, tmp_path):
    models = train(config, tmp_path / "five", seeds=3)
    assert [model.path.name for model in models] == ["seed-3", "seed-4", "seed-5"]
    values = [model.metrics.validation["split/mrr"] for model in models]
    assert len(set(values)) == 3
    summary = json.loads((tmp_path / "five" / "summary.json").read_text())
    assert summary["validation"]["split/mrr"] == {
        "mean": pytest.approx(np.mean(values)),
        "standard_error": pytest.approx(np.std(values, ddof=1) / math.sqrt(3)),
    }
    assert Model.load(models[1].path).settings.search.seed == 4
    again = train(config, tmp_path / "five", seeds=3)  # all models exist
    assert again == models


def test_the_first_seed_is_the_model_without_seeds(config, plain, tmp_path):
    first, _ = train(config, tmp_path / "two", seeds=2)
    assert (
        first.metrics.validation == json.loads((plain / "metrics.json").read_text())["validation"]
    )


def test_paths_of_a_model_are_absolute(tmp_path, table, monkeypatch, trained, graphs_text):
    path = tmp_path / "relative.yaml"
    beside = os.path.relpath(table, tmp_path)
    path.write_text(
        graphs_text("contrastive").replace(str(table), beside).replace(", layers: 1", "")
    )
    (model,) = train(path, tmp_path / "model")
    monkeypatch.chdir(tmp_path.parent)
    assert Model.load(model.path).evaluate(pools=["split"]).queries == 6


def test_a_space_with_axes_is_refused_with_their_names(tmp_path, small_space_text):
    path = tmp_path / "space.yaml"
    path.write_text(small_space_text)
    with pytest.raises(ConfigError, match=r"no axes, got curriculum\.order, curriculum\.alpha"):
        train(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_of_something_else_is_refused(config, tmp_path, plain_text):
    (tmp_path / "full").mkdir()
    with pytest.raises(ModelError, match=r"must be new: .*full exists"):
        train(config, tmp_path / "full")
    with pytest.raises(InterruptedTrainingError):
        train(config, tmp_path / "out", callback=Stop(1))
    config.write_text(plain_text.replace("lr: 3e-3", "lr: 2e-3"))
    with pytest.raises(ModelError, match="of the same configuration"):
        train(config, tmp_path / "out")


def test_seeds_must_be_one_or_more(config, tmp_path):
    with pytest.raises(QueryError, match="seeds must be at least 1, got 0"):
        train(config, tmp_path / "out", seeds=0)


def test_a_model_is_trained_by_one_process(config, tmp_path):
    from class_sweep.base.locks import Lock

    with pytest.raises(InterruptedTrainingError):
        train(config, tmp_path / "out", callback=Stop(1))
    held = Lock.take(tmp_path / "out.training" / ".lock")
    with held, pytest.raises(ModelError, match="by one process"):
        train(config, tmp_path / "out")

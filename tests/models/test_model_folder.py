"""A model folder that was altered, is incomplete or of another version says so in one line."""

import json
import shutil

import pytest
import torch

from class_sweep.base.hashing import file_digest, fingerprint
from class_sweep.errors import EncoderError, ModelError, StorageError
from class_sweep.models import Model
from class_sweep.models.model_folder import ModelContents


@pytest.fixture
def copy(plain, tmp_path):
    return shutil.copytree(plain, tmp_path / "copy")


def resealed(folder, **changes):
    """Someone who alters a manifest and its seal as well."""
    tree = json.loads((folder / "model.json").read_text()) | changes
    tree.pop("seal")
    tree["seal"] = fingerprint(tree)
    (folder / "model.json").write_text(json.dumps(tree))


SEALED = ["model.safetensors", "encoders.safetensors", "config.yaml", "metrics.json"]


@pytest.mark.parametrize("name", [*SEALED, "model.json"])
def test_a_missing_file(copy, name):
    (copy / name).unlink()
    with pytest.raises(ModelError, match=f"must (be whole, got no|hold) {name}"):
        Model.load(copy)


@pytest.mark.parametrize("name", SEALED)
def test_an_altered_file(copy, name):
    data = bytearray((copy / name).read_bytes())
    data[-3] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(ModelError, match=f"as they were written, got an altered {name}"):
        Model.load(copy)


def test_an_altered_manifest(copy):
    text = (copy / "model.json").read_text()
    (copy / "model.json").write_text(text.replace('"seed": 3', '"seed": 4'))
    with pytest.raises(ModelError, match=r"got an altered model\.json"):
        Model.load(copy)
    (copy / "model.json").write_text(text[:40])
    with pytest.raises(ModelError, match=r"model\.json must be as it was written"):
        Model.load(copy)


def test_the_card_is_free_to_be_edited(copy):
    (copy / "README.md").write_text("mine")
    assert Model.load(copy).manifest.seed == 3


def test_a_folder_of_another_format(copy):
    resealed(copy, format=2, version="9.9.9")
    with pytest.raises(ModelError, match=r"format 1 .*, got format 2, written by class-sweep 9\.9"):
        Model.load(copy)


def test_settings_that_this_version_does_not_know(copy):
    path = copy / "config.yaml"
    path.write_text(path.read_text().replace("hidden: 32", "hidden: 32\n  heads: 8"))
    files = json.loads((copy / "model.json").read_text())["files"]
    resealed(copy, files=files | {"config.yaml": file_digest(path)}, version="9.9.9")
    with pytest.raises(ModelError, match=r"(?s)known to this version.*9\.9\.9: .*backbone\.heads"):
        Model.load(copy)


def test_weights_of_another_size(copy):
    path = copy / "config.yaml"
    path.write_text(path.read_text().replace("hidden: 32", "hidden: 48"))
    files = json.loads((copy / "model.json").read_text())["files"]
    resealed(copy, files=files | {"config.yaml": file_digest(path)})
    with pytest.raises(ModelError, match="weights must fit its settings"):
        Model.load(copy)


def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(ModelError, match=r"must hold model\.json"):
        Model.load(tmp_path)
    with pytest.raises(ModelError, match=r"must hold model\.json"):
        Model.load(tmp_path / "nowhere")


def test_another_text_encoder_at_the_same_place(tmp_path, trained, graphs_text, tiny_bert):
    bert = shutil.copytree(tiny_bert, tmp_path / "bert")
    text = graphs_text("contrastive").replace(", layers: 1", "").replace(str(tiny_bert), str(bert))
    folder = trained(text)
    assert Model.load(folder).evaluate(pools=["split"]).queries == 6
    config = json.loads((bert / "config.json").read_text())
    (bert / "config.json").write_text(json.dumps(config | {"layer_norm_eps": 1e-3}))
    with pytest.raises(EncoderError, match="trained with, got other files"):
        Model.load(folder)


def test_a_folder_that_cannot_be_written_is_not_begun(plain, tmp_path):
    files = ModelContents.read(plain)
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="must be writable"):
        files.write(tmp_path / "file" / "model", "")


def test_it_is_written_whole_or_not_at_all(plain, tmp_path, monkeypatch):
    files = ModelContents.read(plain)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("class_sweep.models.model_folder.save_arrays", full)
    with pytest.raises(StorageError, match="No space left"):
        files.write(tmp_path / "model", "")
    assert list(tmp_path.iterdir()) == []


def test_reading_gives_back_what_was_written(plain, tmp_path):
    files = ModelContents.read(plain)
    files.write(tmp_path / "model", "card")
    again = ModelContents.read(tmp_path / "model")
    assert again.manifest == files.manifest
    assert all(torch.equal(again.weights[n], t) for n, t in files.weights.items())

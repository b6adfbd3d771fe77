"""An altered or incomplete model folder, or one of another version, is one clear error."""

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
    """Alters a manifest together with its seal."""
    tree = json.loads((folder / "model.json").read_text()) | changes
    tree.pop("seal")
    tree["seal"] = fingerprint(tree)
    (folder / "model.json").write_text(json.dumps(tree))


SEALED = ["model.safetensors", "encoders.safetensors", "config.yaml", "metrics.json"]


@pytest.mark.parametrize("name", [*SEALED, "model.json"])
def test_a_missing_file_is_an_error(copy, name):
    (copy / name).unlink()
    with pytest.raises(ModelError, match=f"must (be whole, got no|hold) {name}"):
        Model.load(copy)


@pytest.mark.parametrize("name", SEALED)
def test_an_altered_file_is_an_error(copy, name):
    data = bytearray((copy / name).read_bytes())
    data[-3] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(ModelError, match=f"as they were written, got an altered {name}"):
        Model.load(copy)


def test_an_altered_manifest_is_an_error(copy):
    text = (copy / "model.json").read_text()
    (copy / "model.json").write_text(text.replace('"seed": 3', '"seed": 4'))
    with pytest.raises(ModelError, match=r"got an altered model\.json"):
        Model.load(copy)
    (copy / "model.json").write_text(text[:40])
    with pytest.raises(ModelError, match=r"model\.json must be readable"):
        Model.load(copy)


def test_the_card_may_be_edited(copy):
    (copy / "README.md").write_text("mine")
    assert Model.load(copy).manifest.seed == 3


def test_a_folder_of_another_format_is_an_error(copy):
    resealed(copy, format=2, version="9.9.9")
    with pytest.raises(ModelError, match=r"format 1 .*, got format 2, written by class-sweep 9\.9"):
        Model.load(copy)


def test_unknown_settings_are_an_error(copy):
    path = copy / "config.yaml"
    path.write_text(path.read_text().replace("hidden: 32", "hidden: 32\n  heads: 8"))
    files = json.loads((copy / "model.json").read_text())["files"]
    resealed(copy, files=files | {"config.yaml": file_digest(path)}, version="9.9.9")
    with pytest.raises(ModelError, match=r"(?s)known to this version.*9\.9\.9: .*backbone\.heads"):
        Model.load(copy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": "many"}, "steps must be a valid integer, got 'many'"),
        ({"validation": {"split/mrr": None}}, r"validation\.split/mrr must be a valid number"),
        (None, "the key seed is required, and it is missing"),
    ],
)
def test_metrics_of_another_shape_are_an_error_with_the_file_and_the_key(copy, change, message):
    path = copy / "metrics.json"
    path.write_text(json.dumps({} if change is None else json.loads(path.read_text()) | change))
    files = json.loads((copy / "model.json").read_text())["files"]
    resealed(copy, files=files | {"metrics.json": file_digest(path)})
    with pytest.raises(ModelError, match=rf"metrics\.json must be readable: .*: {message}"):
        Model.load(copy)


def test_weights_of_another_size_are_an_error(copy):
    path = copy / "config.yaml"
    path.write_text(path.read_text().replace("hidden: 32", "hidden: 48"))
    files = json.loads((copy / "model.json").read_text())["files"]
    resealed(copy, files=files | {"config.yaml": file_digest(path)})
    with pytest.raises(ModelError, match="weights must fit its settings"):
        Model.load(copy)


def test_a_folder_without_a_model_is_an_error(tmp_path):
    with pytest.raises(ModelError, match=r"must hold model\.json"):
        Model.load(tmp_path)
    with pytest.raises(ModelError, match=r"must hold model\.json"):
        Model.load(tmp_path / "nowhere")


def test_another_text_encoder_at_its_path_is_an_error(tmp_path, trained, graphs_text, tiny_bert):
    bert = shutil.copytree(tiny_bert, tmp_path / "bert")
    text = graphs_text("contrastive").replace(", layers: 1", "").replace(str(tiny_bert), str(bert))
    folder = trained(text)
    assert Model.load(folder).evaluate(pools=["split"]).queries == 6
    config = json.loads((bert / "config.json").read_text())
    (bert / "config.json").write_text(json.dumps(config | {"layer_norm_eps": 1e-3}))
    with pytest.raises(EncoderError, match="trained with, got other files"):
        Model.load(folder)


def test_an_unwritable_folder_is_not_begun(plain, tmp_path):
    files = ModelContents.read(plain)
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="must be writable"):
        files.write(tmp_path / "file" / "model", "")


def test_a_folder_is_written_completely_or_not_at_all(plain, tmp_path, monkeypatch):
    files = ModelContents.read(plain)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("class_sweep.models.model_folder.save_arrays", full)
    with pytest.raises(StorageError, match="No space left"):
        files.write(tmp_path / "model", "")
    assert list(tmp_path.iterdir()) == []


def test_reading_is_the_inverse_of_writing(plain, tmp_path):
    files = ModelContents.read(plain)
    files.write(tmp_path / "model", "card")
    again = ModelContents.read(tmp_path / "model")
    assert again.manifest == files.manifest
    assert all(torch.equal(again.weights[n], t) for n, t in files.weights.items())


def test_a_folder_of_models_is_no_model_and_one_of_them_is_named(plain, tmp_path):
    shutil.copytree(plain, tmp_path / "seed-3")
    with pytest.raises(ModelError, match=r"a folder of models; name one of them, e\.g\. .*seed-3"):
        Model.load(tmp_path)

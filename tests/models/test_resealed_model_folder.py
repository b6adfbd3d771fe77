"""Model folders that were altered and sealed anew: one error that names the file and the key."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from class_sweep import Model
from class_sweep.base.hashing import file_digest, fingerprint
from class_sweep.errors import ModelError

LEFT_OUT = object()


@pytest.fixture
def copy(plain, tmp_path):
    return shutil.copytree(plain, tmp_path / "copy")


def seal(folder, **changes):
    """Write the manifest anew, with other values; LEFT_OUT removes a key."""
    path = folder / "model.json"
    tree = json.loads(path.read_text())
    tree.pop("seal")
    tree["files"] = {name: file_digest(folder / name) for name in tree["files"]}
    tree = {key: value for key, value in (tree | changes).items() if value is not LEFT_OUT}
    path.write_text(json.dumps(tree | {"seal": fingerprint(tree)}))


@pytest.mark.parametrize(
    "key", ["text_width", "molecule_width", "token_depths", "text_encoder", "data_sha256", "seed",
            "version", "format", "files"],
)  # fmt: skip
@pytest.mark.parametrize("value", ["of another type", "a list", "a mapping"])
def test_a_key_of_another_type_is_named(copy, key, value):
    other = {"of another type": True, "a list": [[]], "a mapping": {"a": {}}}[value]
    seal(copy, **{key: other})
    with pytest.raises(ModelError, match=rf"model\.json must be readable: .*model\.json: {key}"):
        Model.load(copy)


@pytest.mark.parametrize("key", ["text_width", "molecule_width", "text_encoder", "seed", "format"])
def test_a_missing_key_is_named(copy, key):
    seal(copy, **{key: LEFT_OUT})
    with pytest.raises(ModelError, match=f"the key {key} is required"):
        Model.load(copy)


@pytest.mark.parametrize(("key", "value"), [("text_width", -1), ("molecule_width", 10**12)])
def test_a_width_beyond_its_bounds_is_refused_before_anything_is_allocated(copy, key, value):
    seal(copy, **{key: value})
    with pytest.raises(ModelError, match=key):
        Model.load(copy)


@pytest.mark.parametrize("file", ["model.safetensors", "encoders.safetensors"])
@pytest.mark.parametrize("damage", ["missing", "reshaped", "NaN", "renamed"])
def test_other_arrays_are_one_error_that_names_the_file(copy, file, damage):
    arrays = load_file(copy / file)
    for name in [name for name, array in arrays.items() if array.dtype.kind == "f"]:
        array = arrays.pop(name)
        if damage == "reshaped":
            arrays[name] = np.stack([array, array])
        elif damage == "NaN":
            arrays[name] = np.full_like(array, np.nan)
        elif damage == "renamed":
            arrays[f"{name}x"] = array
    save_file(arrays, copy / file)
    seal(copy)
    with pytest.raises(ModelError, match=file):
        Model.load(copy)


@pytest.mark.parametrize("content", ["{}", "[]", "null", "1", '"text"', "[" * 100_000, "9" * 5_000])
def test_a_manifest_that_is_none_is_one_error(copy, content):
    (copy / "model.json").write_text(content)
    with pytest.raises(ModelError, match=r"model\.json must be readable"):
        Model.load(copy)

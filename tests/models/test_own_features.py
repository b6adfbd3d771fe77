"""A model over feature files evaluates and answers for its data set, and says why no further."""

import numpy as np
import pytest

from class_sweep.base.array_cache import NoCache
from class_sweep.config.document import load_space
from class_sweep.errors import EncoderError
from class_sweep.models import Model, train_models
from class_sweep.models.model_training import load_configuration
from class_sweep.preparation.audit import audit, encode_pairs
from class_sweep.preparation.clock import Clock
from class_sweep.preparation.prepare import prepare
from class_sweep.results.callback import Callback

SPACE = """\
data: {{source: table, path: {table}, max_dropped: 0.1}}
text_encoder: {{kind: file, path: texts.npz}}
molecule_encoder: {{kind: file, path: molecules.npy}}
backbone: {{name: contrastive, hidden: 16, dimension: 8}}
curriculum: {{order: hard_first, alpha: 0.5, sigma: {{quantile: 0.8}}}}
optimizer: {{lr: 3e-3, batch_size: 8}}
budget: {{epochs: 2}}
search: {{trials: 1}}
"""


@pytest.fixture
def space_file(table, tmp_path):
    """160 pairs and an unreadable one in their midst, with vectors of both sides."""
    header, *rows = table.read_text().splitlines()
    rows = [row.replace(",the", f",{word}").replace(",one", ",the") for word in ("one", "two")
            for row in rows]  # fmt: skip
    rows.insert(50, "C1CC,an unreadable one")
    (tmp_path / "pairs.csv").write_text("\n".join([header, *rows]))
    generator = np.random.default_rng(1)
    ids = [str(row + 1) for row in range(len(rows))]
    latent = generator.normal(size=(60, 5))
    latent = np.concatenate([np.insert(latent, 50, 7, axis=0), latent])
    texts = latent @ generator.normal(size=(5, 12)) + 0.1 * generator.normal(size=(121, 12))
    np.savez(tmp_path / "texts.npz", vectors=texts[::-1].astype(np.float16), ids=ids[::-1])
    np.save(tmp_path / "molecules.npy", latent @ generator.normal(size=(5, 9)))
    (tmp_path / "space.yaml").write_text(SPACE.format(table="pairs.csv"))
    return tmp_path / "space.yaml"


@pytest.fixture
def model(space_file, tmp_path):
    train_models(space_file, tmp_path / "model")
    return Model.load(tmp_path / "model")


def test_a_model_reads_the_vectors_of_its_training(model, space_file, cache):
    prepared = prepare(load_configuration(space_file), cache, Clock(), Callback())
    of_model = model.features_of(model.pairs, NoCache())
    assert np.array_equal(of_model.text, prepared.features.text)
    assert np.array_equal(of_model.molecule, prepared.features.molecule)
    assert model.evaluate("test").same_data
    [text, *_] = model.pairs.texts
    assert model.retrieve(text, top=2)[0].smiles in model.pairs.smiles
    assert model.retrieve(smiles=model.pairs.smiles[0], top=1)[0].text in model.pairs.texts
    assert (
        "the files that they name are not in the folder"
        in (space_file.parent / "model" / "README.md").read_text()
    )


def test_a_new_text_or_molecule_is_an_error_that_says_why(model):
    with pytest.raises(EncoderError, match=r"text_encoder is \{kind: file\}, which computes no"):
        model.retrieve("a new text")
    with pytest.raises(EncoderError, match=r"molecule_encoder is .* got 'ICCI': .*molecules\.npy"):
        model.retrieve(smiles="ICCI")


@pytest.mark.parametrize("name", ["texts.npz", "molecules.npy"])
def test_a_model_refuses_another_or_a_missing_file(model, space_file, name):
    folder = space_file.parent
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    side = "text" if name == "texts.npz" else "molecule"
    with pytest.raises(EncoderError, match=f"the {side} encoder must have the files .*{name}"):
        Model.load(folder / "model")
    (folder / name).unlink()
    with pytest.raises(EncoderError, match=rf"{side}_encoder\.path must be a file .*No such file"):
        Model.load(folder / "model")


def test_an_audit_reads_feature_files(space_file):
    space = load_space(space_file)
    pairs = prepare(space, NoCache(), Clock(), Callback()).pairs
    encoders = space.settings.text_encoder, space.settings.molecule_encoder
    texts, molecules = encode_pairs(pairs, *encoders, cache=NoCache(), progress=lambda *_: None)
    assert texts.shape == (120, 12)
    assert len(audit("own", pairs, texts, molecules).pairs) == 120


def test_an_error_of_a_feature_file_names_the_line_of_the_space(space_file):
    np.save(space_file.parent / "molecules.npy", np.ones((4, 2)))
    with pytest.raises(
        EncoderError, match=r"space\.yaml:3: .*121 rows of the data, .* got 4: .*npy"
    ):
        prepare(load_space(space_file), NoCache(), Clock(), Callback())

"""`train` and the embeddings of its model."""

import numpy as np
import pytest

import class_sweep as cs

SPACE = {
    "data": {"source": "names", "limit": 300},
    "text_encoder": {"kind": "lsa", "dimensions": 32},
    "molecule_encoder": {"kind": "morgan", "bits": 256},
    "backbone": {"name": "contrastive", "hidden": 32, "dimension": 16},
    "optimizer": {"lr": 3e-3, "batch_size": 16},
    "budget": {"epochs": 2},
    "search": {"trials": 1},
}


@pytest.fixture(scope="module")
def model(tmp_path_factory, cache_folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLASS_SWEEP_CACHE", str(cache_folder))
        return cs.train(cs.Space(**SPACE), tmp_path_factory.mktemp("models") / "one")


def test_a_configuration_in_code_is_trained_and_loaded(model, capsys):
    assert model.metrics.samples == 480
    assert model.path.name == "one"
    again = cs.train(cs.Space(**SPACE), model.path)  # complete: it is loaded
    assert again.manifest == model.manifest


def test_the_embeddings_give_the_scores_of_retrieve(model):
    smiles = ["CCO", "CCCCCC(=O)OCC", "c1ccccc1"]
    texts = ["ethyl hexanoate", "benzene"]
    molecules, queries = model.encode_molecules(smiles), model.encode_texts(texts)
    assert (molecules.shape, queries.shape) == ((3, 16), (2, 16))
    assert molecules.dtype == queries.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(molecules, axis=1), 1, rtol=1e-5)
    hits = {hit.smiles: hit.score for hit in model.retrieve(texts[0], top=10**6)}
    known = list(hits)[:5]
    scores = model.encode_texts(texts[:1]) @ model.encode_molecules(known).T
    np.testing.assert_allclose(scores[0], [hits[s] for s in known], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "values", "words"),
    [
        ("encode_texts", "benzene", "texts must be a list of one or more texts, got the one text"),
        ("encode_texts", [], "texts must be a list of one or more texts, got none"),
        ("encode_texts", ["benzene", " "], r"texts\[1\]: a query must not be empty"),
        ("encode_molecules", ["CCO", "C(("], r"smiles\[1\]: a molecule must be a SMILES"),
    ],
)
def test_unusable_values_are_one_error(model, call, values, words):
    with pytest.raises(cs.errors.QueryError, match=words):
        getattr(model, call)(values)


def test_a_backbone_that_scores_pairs_jointly_has_no_embeddings(model, monkeypatch):
    monkeypatch.setattr(type(model.backbone), "reranks", True)
    with pytest.raises(cs.errors.QueryError, match="which scores the pair jointly; use retrieve"):
        model.encode_molecules(["CCO"])


def test_a_space_with_axes_is_refused(tmp_path):
    space = cs.Space(**SPACE | {"curriculum": {"alpha": cs.uniform(0.4, 0.9)}})
    with pytest.raises(cs.errors.ConfigError, match=r"^a configuration to train must have no axes"):
        cs.train(space, tmp_path / "model")
    assert not list(tmp_path.iterdir())

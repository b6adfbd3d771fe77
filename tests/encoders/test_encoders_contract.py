import subprocess
import sys

import numpy as np
import pytest

from class_sweep.base.array_cache import ArrayCache
from class_sweep.config.inputs import HuggingFaceEncoder, LsaEncoder, Mol2vecEncoder, MorganEncoder
from class_sweep.encoders.molecule import encode_molecules
from class_sweep.encoders.rows import distinct, require_finite
from class_sweep.encoders.text import encode_texts
from class_sweep.errors import EncoderError

FIT = np.arange(6)
ENCODERS = ["lsa", "huggingface", "mol2vec", "morgan"]


class NothingToCompute(ArrayCache):
    """A cache whose misses fail."""

    def arrays(self, key, _compute):
        def refuse():
            raise AssertionError(f"computed although cached: {key}")

        return super().arrays(key, refuse)


@pytest.fixture
def encode(request, texts, smiles):
    """encoder, fit rows, cache -> features of the session's eight pairs."""

    def run(kind, cache, fit_rows=FIT, **changes):
        match kind:
            case "lsa":
                settings = LsaEncoder(**{"dimensions": 4, **changes})
                return encode_texts(settings, texts, fit_rows, cache=cache)
            case "huggingface":
                model = str(request.getfixturevalue("tiny_bert"))
                settings = HuggingFaceEncoder(**{"model": model, "max_tokens": 64, **changes})
                return encode_texts(settings, texts, fit_rows, cache=cache)
            case "mol2vec":
                settings = Mol2vecEncoder(kind="mol2vec", **{"dimensions": 4, **changes})
            case "morgan":
                settings = MorganEncoder(kind="morgan", **{"bits": 64, **changes})
        return encode_molecules(settings, smiles, fit_rows, cache=cache)

    return run


@pytest.mark.parametrize("kind", ENCODERS)
def test_features_are_finite_repeatable_and_cached(kind, encode, tmp_path):
    features = encode(kind, ArrayCache(tmp_path / "one"))
    assert features.ndim == 2
    assert len(features) == 8
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    assert features.any(axis=1).all()
    # Rows 2 and 4 are one text and one molecule, written twice.
    assert np.array_equal(features[2], features[4])
    assert np.array_equal(encode(kind, ArrayCache(tmp_path / "two")), features)
    assert np.array_equal(encode(kind, NothingToCompute(tmp_path / "one")), features)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("lsa", {"dimensions": 3}),
        ("lsa", {"seed": 1}),
        ("lsa", {"fit_rows": np.arange(7)}),
        ("huggingface", {"pooling": "cls"}),
        ("huggingface", {"max_tokens": 5}),
        ("mol2vec", {"dimensions": 3}),
        ("mol2vec", {"radius": 0}),
        ("mol2vec", {"epochs": 6}),
        ("mol2vec", {"seed": 1}),
        ("mol2vec", {"fit_rows": np.arange(7)}),
        ("morgan", {"bits": 32}),
        ("morgan", {"radius": 1}),
    ],
)
def test_what_changes_the_features_is_not_served_from_the_cache(kind, change, encode, tmp_path):
    encode(kind, ArrayCache(tmp_path))
    with pytest.raises(AssertionError, match="computed although cached"):
        encode(kind, NothingToCompute(tmp_path), **change)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("huggingface", {"batch_size": 1}),
        ("huggingface", {"fit_rows": np.arange(3)}),
        ("morgan", {"fit_rows": np.arange(3)}),
        ("mol2vec", {"fit_rows": np.arange(6)[::-1]}),
    ],
)
def test_what_does_not_change_them_is(kind, change, encode, tmp_path):
    features = encode(kind, ArrayCache(tmp_path))
    assert np.array_equal(encode(kind, NothingToCompute(tmp_path), **change), features)


def test_a_file_of_vectors_counts_by_its_contents(smiles, tmp_path):
    cache, settings = ArrayCache(tmp_path), []
    for place, value in enumerate([1.0, 1.0, 2.0]):
        path = tmp_path / f"{place}.npz"
        tokens = np.array(["UNK", "2246728737"])
        np.savez(path, tokens=tokens, vectors=np.full((2, 3), value, np.float32))
        settings.append(Mol2vecEncoder(kind="mol2vec", vectors=path))
    one = encode_molecules(settings[0], smiles, FIT, cache=cache)
    alike = encode_molecules(settings[1], smiles, FIT[:3], cache=NothingToCompute(tmp_path))
    assert np.array_equal(alike, one)
    assert np.array_equal(encode_molecules(settings[2], smiles, FIT, cache=cache), 2 * one)


def test_a_missing_file_of_vectors_is_an_error(smiles, tmp_path):
    settings = Mol2vecEncoder(kind="mol2vec", vectors=tmp_path / "none.npz")
    with pytest.raises(EncoderError, match=r"can be read, got .*none\.npz: No such file"):
        encode_molecules(settings, smiles, FIT, cache=ArrayCache(tmp_path))


def test_features_that_are_not_finite_are_an_error_naming_the_rows(smiles, tmp_path):
    vectors = np.array([[0.0], [np.nan]], np.float32)
    np.savez(tmp_path / "v.npz", tokens=np.array(["UNK", "2246728737"]), vectors=vectors)
    settings = Mol2vecEncoder(kind="mol2vec", vectors=tmp_path / "v.npz")
    # The identifier is CH3's: rows 0, 2, 4, 6 and 7 have one.
    with pytest.raises(EncoderError, match=r"in row 0, 2, 4, 6, 7, counted .*encoder mol2vec"):
        encode_molecules(settings, smiles, FIT, cache=ArrayCache(tmp_path))
    assert not list(tmp_path.glob("*.safetensors"))


def test_many_rows_that_are_not_finite_are_counted():
    with pytest.raises(EncoderError, match="in row 0, 1, 2, 3, 4 and 3 more"):
        require_finite(np.full((1, 2), np.inf), np.zeros(8, np.int64), "lsa")


def test_distinct_values_rebuild_the_rows():
    values, rows = distinct(["b", "a", "b"])
    assert values == ["b", "a"]
    assert rows.tolist() == [0, 1, 0]


def test_a_cache_hit_loads_no_heavy_library(texts, smiles, tmp_path):
    script = """
import sys, numpy as np
from pathlib import Path
from class_sweep.config.inputs import LsaEncoder, Mol2vecEncoder, MorganEncoder
from class_sweep.base.array_cache import ArrayCache
from class_sweep.encoders.molecule import encode_molecules
from class_sweep.encoders.text import encode_texts
cache, fit = ArrayCache(Path(sys.argv[1])), np.arange(6)
encode_texts(LsaEncoder(dimensions=4), sys.argv[2:10], fit, cache=cache)
for settings in (Mol2vecEncoder(kind="mol2vec", dimensions=4), MorganEncoder(kind="morgan")):
    encode_molecules(settings, sys.argv[10:], fit, cache=cache)
print(*sorted({"torch", "transformers", "gensim", "rdkit", "sklearn"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", script, str(tmp_path), *texts, *smiles]
    first, second = (
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        for _ in range(2)
    )
    assert first == ["gensim", "rdkit", "sklearn"]
    assert second == []

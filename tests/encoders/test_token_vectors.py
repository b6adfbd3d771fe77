import logging
import pickle

import numpy as np
import pytest
from gensim.models import KeyedVectors, Word2Vec

from class_sweep.encoders.token_vectors import read_vectors
from class_sweep.errors import EncoderError

TOKENS = ["UNK", "2246728737", "864662311"]
VECTORS = np.array([[0.5, -1.0], [2.0, 3.0], [10.0, 20.0]], np.float32)


def keyed():
    vectors = KeyedVectors(2)
    vectors.add_vectors(TOKENS, VECTORS)
    return vectors


def write_npz(path, **arrays):
    np.savez(path, **{"tokens": np.array(TOKENS), "vectors": VECTORS, **arrays})
    return path


def check(table):
    assert list(table.rows) == TOKENS
    assert table.vectors.dtype == np.float32
    assert np.array_equal(table.vectors, VECTORS)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_an_npz_is_read(tmp_path, dtype):
    path = write_npz(tmp_path / "v.npz", vectors=VECTORS.astype(dtype))
    check(read_vectors(path, allow_pickle=False))


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("name", ["v.kv", "v.txt", "v.bin"])
def test_word2vec_formats_need_no_pickle(tmp_path, binary, name):
    keyed().save_word2vec_format(str(tmp_path / name), binary=binary)
    check(read_vectors(tmp_path / name, allow_pickle=False))


@pytest.mark.parametrize("name", ["v.kv", "v.pkl", "v.model", "v.npz", "v"])
def test_a_pickle_is_opened_only_when_allowed(tmp_path, name):
    keyed().save(str(tmp_path / name))
    with pytest.raises(
        EncoderError, match=r"without --allow-pickle .* runs the code that it carries"
    ):
        read_vectors(tmp_path / name, allow_pickle=False)
    check(read_vectors(tmp_path / name, allow_pickle=True))


def test_a_refused_pickle_runs_no_code(tmp_path):
    class Malicious:
        def __reduce__(self):
            return (tmp_path / "was here").touch.__func__, (tmp_path / "was here",)

    (tmp_path / "v.pkl").write_bytes(pickle.dumps(Malicious()))
    with pytest.raises(EncoderError):
        read_vectors(tmp_path / "v.pkl", allow_pickle=False)
    tokens = np.array([Malicious()], dtype=object)
    np.savez(tmp_path / "v.npz", tokens=tokens, vectors=VECTORS)
    with pytest.raises(EncoderError, match="plain text and numbers"):
        read_vectors(tmp_path / "v.npz", allow_pickle=True)
    assert not (tmp_path / "was here").exists()


def test_a_whole_word2vec_model_is_read(tmp_path):
    model = Word2Vec([TOKENS] * 3, vector_size=5, min_count=1, workers=1, seed=1)
    model.save(str(tmp_path / "model_300dim.pkl"))
    table = read_vectors(tmp_path / "model_300dim.pkl", allow_pickle=True)
    assert np.array_equal(table.vectors[table.rows["UNK"]], model.wv["UNK"])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"vectors": VECTORS[:2]}, r"V = 3 tokens, got float32 of shape \(2, 2\)"),
        ({"vectors": VECTORS[0]}, r"got float32 of shape \(2,\)"),
        ({"vectors": np.array([["a"]] * 3)}, "vectors must be numbers"),
        ({"tokens": np.arange(3)}, "tokens must be a non-empty list of texts"),
        ({"tokens": np.array([TOKENS])}, r"got <U10 of shape \(1, 3\)"),
        ({"tokens": np.array([], "U1"), "vectors": np.empty((0, 2))}, "non-empty"),
        ({"tokens": np.array(["a", "b", "a"])}, "distinct, got 1 repeated"),
    ],
)
def test_mismatched_arrays_are_an_error_that_names_the_file(tmp_path, arrays, message):
    path = write_npz(tmp_path / "v.npz", **arrays)
    with pytest.raises(EncoderError, match=message) as raised:
        read_vectors(path, allow_pickle=False)
    assert str(path) in str(raised.value)


def test_an_npz_without_tokens_is_an_error(tmp_path):
    np.savez(tmp_path / "v.npz", words=np.array(TOKENS), vectors=VECTORS)
    with pytest.raises(EncoderError, match=r"'tokens' and 'vectors', got \['vectors', 'words'\]"):
        read_vectors(tmp_path / "v.npz", allow_pickle=False)


def test_a_truncated_file_is_an_error(tmp_path):
    path = write_npz(tmp_path / "v.npz")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(EncoderError, match=r"v\.npz"):
        read_vectors(path, allow_pickle=False)
    for binary in (True, False):
        keyed().save_word2vec_format(str(tmp_path / "v.kv"), binary=binary)
        data = (tmp_path / "v.kv").read_bytes()
        (tmp_path / "v.kv").write_bytes(data[: len(data) * 2 // 3])
        with pytest.raises(EncoderError, match="as its first line says"):
            read_vectors(tmp_path / "v.kv", allow_pickle=False)
    (tmp_path / "v.pkl").write_bytes(pickle.dumps(keyed())[:50])
    with pytest.raises(EncoderError, match="must be gensim's KeyedVectors or Word2Vec"):
        read_vectors(tmp_path / "v.pkl", allow_pickle=True)


def test_a_pickle_of_something_else_is_an_error(tmp_path):
    (tmp_path / "v.pkl").write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(EncoderError, match="must be gensim's KeyedVectors or Word2Vec"):
        read_vectors(tmp_path / "v.pkl", allow_pickle=True)


def test_a_file_without_unk_is_a_warning(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    read_vectors(write_npz(tmp_path / "v.npz"), allow_pickle=False)
    assert not caplog.text
    tokens = np.array(["a", "b", "c"])
    read_vectors(write_npz(tmp_path / "w.npz", tokens=tokens), allow_pickle=False)
    assert "unseen substructures count as zero" in caplog.text

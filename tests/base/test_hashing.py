import hashlib
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.base.hashing import file_digest, fingerprint, library_versions
from class_sweep.config.inputs import LsaEncoder

_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
_nested = st.recursive(_scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(_nested, _nested)
def test_only_equal_values_share_a_fingerprint(first, second):
    # Like the fingerprint, repr distinguishes 1, 1.0 and True; == does not.
    equal = repr(_sorted(first)) == repr(_sorted(second))
    assert (fingerprint(first) == fingerprint(second)) == equal


def _sorted(value):
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


@given(st.lists(st.text()), st.lists(st.text()))
def test_the_boundaries_between_texts_count(first, second):
    assert (fingerprint(*first) == fingerprint(*second)) == (first == second)


def test_a_fingerprint_is_the_same_on_every_machine():
    encoding = b"l3:" + b"s2:ab" + b"d2:s1:ai1:1s1:bn0:" + b"l1:b1:1"
    assert fingerprint("ab", {"b": None, "a": 1}, [True]) == hashlib.sha256(encoding).hexdigest()


@pytest.mark.parametrize(
    "other",
    [
        np.zeros((3, 2), np.float32),
        np.zeros((2, 3), np.float64),
        np.array([[0, 0, 0], [0, 0, 1]], np.float32),
        [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
    ],
)
def test_an_arrays_shape_type_and_values_count(other):
    assert fingerprint(np.zeros((2, 3), np.float32)) != fingerprint(other)


def test_an_arrays_memory_layout_does_not_count():
    array = np.arange(12).reshape(3, 4)
    assert fingerprint(array) == fingerprint(np.asfortranarray(array))
    assert fingerprint(array[:, ::2]) == fingerprint(array[:, ::2].copy())
    assert fingerprint(np.array(2.0)) != fingerprint(np.array([2.0]))
    assert fingerprint(np.empty((0, 3))) != fingerprint(np.empty((3, 0)))


def test_numpy_scalars_tuples_and_models_equal_their_plain_values():
    assert fingerprint(np.float64(0.5), np.int64(3)) == fingerprint(0.5, 3)
    assert fingerprint((1, 2)) == fingerprint([1, 2])
    assert fingerprint(LsaEncoder(seed=1)) == fingerprint(LsaEncoder(seed=1).model_dump())
    assert fingerprint(LsaEncoder(seed=1)) != fingerprint(LsaEncoder(seed=2))


@pytest.mark.parametrize("value", [object(), {1: 2}, np.array([None]), {1, 2}])
def test_a_value_without_a_stable_encoding_is_refused(value):
    with pytest.raises(TypeError, match="a fingerprint takes"):
        fingerprint(value)


def test_a_file_digest_is_the_hash_of_its_bytes(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"abc")
    assert file_digest(file).startswith("ba7816bf")  # FIPS 180-2, appendix B.1


def test_library_versions_are_the_installed_versions():
    assert library_versions("numpy") == {"numpy": np.__version__}


def test_the_digest_of_a_pipe_is_an_error(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="it must be a regular file, got a pipe"):
        file_digest(tmp_path / "pipe")

"""Feature files: their formats, the match with the rows of a data set, and every refusal."""

import contextlib
import pickle
import zipfile

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from safetensors.numpy import save_file

from class_sweep.base import limits
from class_sweep.base.array_cache import NoCache
from class_sweep.config.inputs import MoleculeFeatureFile, TableData, TextFeatureFile
from class_sweep.data.corpus import load_pairs
from class_sweep.data.pair import SourceRows
from class_sweep.encoders import feature_formats
from class_sweep.encoders.encoder import fit_molecule_encoder, fit_text_encoder
from class_sweep.encoders.feature_formats import open_features
from class_sweep.errors import DataError, EncoderError

TEXTS = ("an acid", "a base", "an acid", "a salt")
IDS = ("a", "b", "c", "d", "dropped")
ROWS = np.array([0, 1, 3, 4])  # row 2 was dropped
VECTORS = np.array([[1, 0], [0, 1], [9, 9], [1, 0], [2, 3]], np.float32)


def source(**changes):
    return SourceRows(**({"inputs": TEXTS, "rows": ROWS, "ids": IDS} | changes))


def write(path, vectors=VECTORS, ids=None):
    """Write a feature file in the format of its suffix."""
    match path.suffix:
        case ".npy":
            np.save(path, vectors)
        case ".npz":
            np.savez(path, vectors=vectors, **({} if ids is None else {"ids": np.array(ids)}))
        case ".safetensors":
            tensors = {"vectors": np.ascontiguousarray(vectors)}
            save_file(tensors | ({} if ids is None else {"ids": np.array(ids)}), path)
        case ".parquet":
            columns = {"vector": list(vectors)} | ({} if ids is None else {"id": list(ids)})
            parquet.write_table(pa.table(columns), path)
    return path


def encode(path, rows=None, texts=TEXTS):
    settings = TextFeatureFile(kind="file", path=path)
    encoder = fit_text_encoder(
        settings, texts, np.arange(2), cache=NoCache(), source=rows or source()
    )
    return encoder.encode(texts, cache=NoCache())


def refusal(path, rows=None, texts=TEXTS):
    """The one error of a file, which names the file."""
    with pytest.raises((EncoderError, DataError)) as caught:
        encode(path, rows, texts)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("suffix", feature_formats.FORMATS)
@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "int64", "uint8"])
def test_vectors_by_row_count_the_dropped_rows(suffix, kind, tmp_path):
    path = write(tmp_path / f"v{suffix}", VECTORS.astype(kind))
    features = encode(path)
    assert features.dtype == np.float32
    assert features.tolist() == VECTORS[ROWS].tolist()


@pytest.mark.parametrize(
    ("suffix", "ids"),
    [
        (".npz", ["d", "dropped", "b", "a"]),
        (".parquet", ["d", "dropped", "b", "a"]),
        (".npz", [4, 5, 2, 1]),
        (".parquet", [4, 5, 2, 1]),
        (".safetensors", [4, 5, 2, 1]),
    ],
)
def test_vectors_by_id_are_in_any_order_and_may_lack_dropped_rows(suffix, ids, tmp_path):
    path = write(tmp_path / f"v{suffix}", VECTORS[[3, 4, 1, 0]], ids)
    rows = source() if isinstance(ids[0], str) else source(ids=("1", "2", "3", "4", "5"))
    assert encode(path, rows).tolist() == VECTORS[ROWS].tolist()


def test_vectors_in_fortran_order_and_fixed_lists_are_read(tmp_path):
    assert encode(write(tmp_path / "v.npy", np.asfortranarray(VECTORS))).shape == (4, 2)
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(VECTORS.ravel()), 2)
    parquet.write_table(pa.table({"vector": fixed}), tmp_path / "v.parquet", row_group_size=2)
    assert encode(tmp_path / "v.parquet").tolist() == VECTORS[ROWS].tolist()


def test_the_content_of_a_file_is_its_identity(tmp_path):
    def encoder(path):
        settings = TextFeatureFile(kind="file", path=path)
        return fit_text_encoder(settings, TEXTS, ROWS, cache=NoCache(), source=source())

    (tmp_path / "other").mkdir()
    first, moved = write(tmp_path / "v.npy"), write(tmp_path / "other" / "w.npy")
    one = encoder(first)
    assert one.fingerprint == encoder(moved).fingerprint
    assert one.files_fingerprint == encoder(moved).files_fingerprint
    write(moved, VECTORS + 1)
    assert one.fingerprint != encoder(moved).fingerprint
    assert one.files_fingerprint != encoder(moved).files_fingerprint


def test_other_places_of_the_same_inputs_are_another_identity(tmp_path):
    path = write(tmp_path / "v.npz", VECTORS[:4], ["a", "b", "c", "d"])
    settings = TextFeatureFile(kind="file", path=path)
    prints = {
        fit_text_encoder(settings, TEXTS[:2], ROWS[:2], cache=NoCache(), source=rows).fingerprint
        for rows in (
            SourceRows(TEXTS[:2], np.array([0, 1]), ("a", "b", "c", "d")),
            SourceRows(TEXTS[:2], np.array([0, 1]), ("b", "a", "c", "d")),
        )
    }
    assert len(prints) == 2


def test_a_text_outside_the_data_set_has_no_vector(tmp_path):
    settings = TextFeatureFile(kind="file", path=write(tmp_path / "v.npy"))
    encoder = fit_text_encoder(settings, TEXTS, ROWS, cache=NoCache(), source=source())
    assert encoder.encode(["a base"], cache=NoCache()).tolist() == [[0, 1]]
    with pytest.raises(
        EncoderError, match=r"a text must be one of the data set .*got 'new'.*v\.npy"
    ):
        encoder.encode(["a base", "new"], cache=NoCache())


def test_a_molecule_is_found_under_each_of_its_smiles(tmp_path):
    settings = MoleculeFeatureFile(kind="file", path=write(tmp_path / "v.npy", VECTORS[:3]))
    rows = SourceRows(("CCO", "CCO", "CN"), np.arange(3), ("1", "2", "3"))
    encoder = fit_molecule_encoder(
        settings, ("OCC", "CCO", "CN"), np.arange(3), cache=NoCache(), source=rows
    )
    found = encoder.encode(["OCC", "CCO", "C(O)C", "NC"], cache=NoCache())
    assert found.tolist() == VECTORS[[0, 1, 1, 2]].tolist()  # the words of the source first
    with pytest.raises(EncoderError, match=r"a molecule must be one of the data set .*got 'CCN'"):
        encoder.encode(["CCN"], cache=NoCache())


# --- the rows of a data set -------------------------------------------------------------------


def test_rows_and_ids_survive_dropped_rows_splits_and_extra_molecules(tmp_path):
    (tmp_path / "pairs.csv").write_text(
        "id,smiles,text,split\n"
        "p0,CCO,zero,test\np1,,lost,train\np2,CCN,two,train\np3,CCC,,train\np4,C,four,validation\n"
        "p5,CC,five,train\np6,CCCC,six,train\n"
    )
    (tmp_path / "extra.csv").write_text("id,smiles\nx0,CCl\nx1,\nx2,CCO\nx3,CBr\nx4,ClC\n")
    pairs = load_pairs(
        TableData(
            source="table",
            path=tmp_path / "pairs.csv",
            columns={"id": "id", "split": "split"},
            extra_molecules=tmp_path / "extra.csv",
            max_dropped=0.5,
        )
    )
    texts, molecules = pairs.text_rows, pairs.molecule_rows
    assert texts.inputs == pairs.texts == ("two", "five", "six", "four", "zero")
    assert texts.rows.tolist() == [2, 5, 6, 4, 0]
    assert texts.ids == tuple(f"p{n}" for n in range(7))
    assert molecules.inputs == ("CCN", "CC", "CCCC", "C", "CCO", "CCl", "CBr")
    assert molecules.rows.tolist() == [2, 5, 6, 4, 0, 7, 10]
    assert molecules.ids == (*texts.ids, "x0", "x1", "x2", "x3", "x4")
    numbers = np.arange(12, dtype=np.float32)[:, None]
    settings = MoleculeFeatureFile(kind="file", path=write(tmp_path / "v.npy", numbers))
    rows = pairs.rows("train")
    encoder = fit_molecule_encoder(
        settings, pairs.all_smiles, rows, cache=NoCache(), source=molecules
    )
    features = encoder.encode(pairs.all_smiles, cache=NoCache())
    assert features.ravel().tolist() == molecules.rows.tolist()


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [4, 6])
@pytest.mark.parametrize("suffix", feature_formats.FORMATS)
def test_another_number_of_rows_is_an_error(suffix, rows, tmp_path):
    path = write(tmp_path / f"v{suffix}", np.ones((rows, 2), np.float32))
    assert f"each of the 5 rows of the data, unusable rows included, got {rows}" in refusal(path)


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["a", "b", "c", "dropped"], "a vector for each id of the data, got none for 'd'"),
        (["a", "b", "b", "d"], "distinct, got 'b' in rows 1 and 2"),
        (["a", "x", "y", "d"], "must be ids of the data, got 'x' in row 1"),
        (["a", "b", "", "d"], "must not be empty, got none in row 2"),
        (["a", "b", "\x01", "d"], "got the control character"),
    ],
)
def test_wrong_ids_are_an_error(suffix, ids, message, tmp_path):
    path = write(tmp_path / f"v{suffix}", VECTORS[:4], ids)
    assert message in refusal(path)


def test_an_id_of_two_texts_is_an_error(tmp_path):
    path = write(tmp_path / "v.npz", VECTORS[:2], ["a", "b"])
    rows = SourceRows(("an acid", "a base"), np.array([0, 1]), ("a", "a", "b"))
    message = refusal(path, rows, ("an acid", "a base"))
    assert "an id must name one text" in message
    assert "got 'a' for 'an acid' and 'a base'" in message


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_an_error_with_its_row_and_id(bad, tmp_path):
    wrong = VECTORS.copy()
    wrong[4, 1] = bad
    assert "or more in row 4, counted from 0" in refusal(write(tmp_path / "v.npy", wrong))
    path = write(tmp_path / "v.npz", wrong, IDS)
    assert "or more in row 4 (id 'dropped'), counted from 0" in refusal(path)
    wrong[4, 1], wrong[2, 0] = 3, bad  # the dropped row
    assert encode(write(tmp_path / "v.npy", wrong)).shape == (4, 2)


@pytest.mark.parametrize("large", [1e300, 1e16, -1e16])
def test_a_number_whose_square_is_no_float32_is_an_error(large, tmp_path):
    wrong = VECTORS.astype(np.float64)
    wrong[0, 0] = large
    assert "or more in row 0, counted" in refusal(write(tmp_path / "v.npy", wrong))


def test_equal_texts_with_other_vectors_are_an_error_but_not_rounding(tmp_path):
    other = VECTORS.copy()
    other[3] = [1, 0.001]
    assert encode(write(tmp_path / "v.npy", other))[2].tolist() == [1, 0]
    other[3] = [1, 0.1]
    message = refusal(write(tmp_path / "v.npy", other))
    assert (
        "equal vectors, got others in rows 0 and 3, counted from 0, for the text 'an acid'"
        in message
    )


@pytest.mark.parametrize(
    "wrong",
    [
        VECTORS[0],
        VECTORS[None],
        VECTORS[:, :0],
        VECTORS[:0],
        VECTORS.astype(np.complex64),
        VECTORS.astype(str),
        VECTORS.astype(object),
        np.zeros((5, 70_000), np.int8),
    ],
    ids=["1-d", "3-d", "no-entry", "no-row", "complex", "text", "object", "too-wide"],
)
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_vectors_of_another_shape_or_type_are_an_error(wrong, suffix, tmp_path):
    path = write(tmp_path / f"v{suffix}", wrong)
    assert "vectors must be (R, D) numbers" in refusal(path)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            [[1.0], [2.0], [1.0, 2.0], [3.0], [4.0]],
            "1 numbers, as the first has, got 2 numbers in row 2",
        ),
        ([[1.0], [2.0], None, [3.0], [4.0]], "got none in row 2, counted"),
        ([[1.0], [None], [1.0], [1.0], [2.0]], "or more in row 1"),
        ([1.0, 2.0, 3.0, 4.0, 5.0], "a column of double, not of lists"),
        ([["a"]] * 5, "got the type object"),
        ([[]] * 5, "got the"),
    ],
)
def test_a_wrong_column_of_vectors_is_an_error(column, message, tmp_path):
    parquet.write_table(pa.table({"vector": column}), tmp_path / "v.parquet")
    assert message in refusal(tmp_path / "v.parquet")


@pytest.mark.parametrize(
    ("suffix", "ids", "message"),
    [
        (".npz", np.array(["a", 1, "b", "c", "d"], object), "the type object"),
        (".npz", np.ones(5), "the type float64"),
        (".npz", np.arange(4), "the shape (4,)"),
        (
            ".safetensors",
            np.ones(5, np.float32),
            "ids must be integers (.npz and .parquet take text)",
        ),
        (".parquet", [1.0, 2.0, 3.0, 4.0, 5.0], "the type double"),
    ],
)
def test_ids_of_another_type_or_number_are_an_error(suffix, ids, message, tmp_path):
    assert message in refusal(write(tmp_path / f"v{suffix}", VECTORS, ids))


def test_other_names_of_arrays_are_listed(tmp_path):
    np.savez(tmp_path / "v.npz", VECTORS)
    assert "one array 'vectors', got 'arr_0'" in refusal(tmp_path / "v.npz")
    save_file({"x": VECTORS}, tmp_path / "v.safetensors")
    assert "one tensor 'vectors', got 'x'" in refusal(tmp_path / "v.safetensors")
    parquet.write_table(pa.table({"v": [1]}), tmp_path / "v.parquet")
    assert "one column 'vector', got 'v'" in refusal(tmp_path / "v.parquet")


def test_nothing_is_unpickled(tmp_path):
    class Run:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    for name in ("v.npy", "v.npz", "v.safetensors", "v.parquet"):
        (tmp_path / name).write_bytes(pickle.dumps(Run()))
        refusal(tmp_path / name)
    rows = np.array([Run()] * 5, object)
    np.save(tmp_path / "v.npy", rows, allow_pickle=True)
    refusal(tmp_path / "v.npy")
    np.savez(tmp_path / "v.npz", vectors=VECTORS, ids=rows)
    refusal(tmp_path / "v.npz")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("suffix", feature_formats.FORMATS)
def test_a_cut_file_is_an_error_at_every_length(suffix, tmp_path):
    path = write(tmp_path / f"v{suffix}", VECTORS)
    whole = path.read_bytes()
    for end in range(0, len(whole), max(1, len(whole) // 25)):
        path.write_bytes(whole[:end])
        refusal(path)


def test_a_header_that_claims_more_than_the_file_holds_is_refused_before_reading(tmp_path):
    header = np.lib.format.header_data_from_array_1_0(VECTORS) | {"shape": (4_000_000, 60_000)}
    with (tmp_path / "v.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        file.write(VECTORS.tobytes())
    assert "an array must be whole" in refusal(tmp_path / "v.npy")
    with zipfile.ZipFile(tmp_path / "v.npz", "w") as archive:
        archive.write(tmp_path / "v.npy", "vectors.npy")
    assert "an array must be whole" in refusal(tmp_path / "v.npz")


def test_a_file_is_bounded_and_regular(tmp_path, monkeypatch):
    path = write(tmp_path / "v.npy")
    monkeypatch.setattr(feature_formats, "MAX_WEIGHTS_BYTES", 64)
    assert "at most 64 bytes" in refusal(path)
    monkeypatch.setattr(feature_formats, "MAX_WEIGHTS_BYTES", limits.MAX_WEIGHTS_BYTES)
    (tmp_path / "folder.npy").mkdir()
    assert "got a folder" in refusal(tmp_path / "folder.npy")
    assert "No such file" in refusal(tmp_path / "none.npy")
    assert "must end in one of .npy, .npz" in refusal(
        write(tmp_path / "v.npy").rename(tmp_path / "v.pt")
    )


def test_the_vectors_are_read_after_the_ids_are_known_to_fit(tmp_path, monkeypatch):
    path = write(tmp_path / "v.npz", VECTORS[:4], ["a", "b", "c", "x"])
    monkeypatch.setattr(feature_formats, "_float32", lambda _: pytest.fail("read"))
    refusal(path)


def test_a_table_can_be_read_again_while_it_is_open(tmp_path):
    for suffix in feature_formats.FORMATS:
        with open_features(write(tmp_path / f"v{suffix}")) as table:
            assert table.read().tolist() == table.read().tolist() == VECTORS.tolist()


@pytest.mark.parametrize("suffix", feature_formats.FORMATS)
def test_a_damaged_file_is_read_or_is_one_error(suffix, tmp_path):
    path = write(tmp_path / f"v{suffix}", VECTORS, None if suffix == ".npy" else [1, 2, 3, 4, 5])
    whole, random = path.read_bytes(), np.random.default_rng(0)
    rows = source(ids=("1", "2", "3", "4", "5"))
    for _ in range(150):
        damaged = bytearray(whole)
        for place in random.integers(len(whole), size=random.integers(1, 4)):
            damaged[place] = random.integers(256)
        path.write_bytes(damaged)
        with contextlib.suppress(EncoderError, DataError):
            encode(path, rows)

"""A column of numbers, `data.columns.difficulty`, in every format of a table."""

import json

import pandas as pd
import pytest

from class_sweep.data import corpus
from class_sweep.data.corpus import load_pairs
from class_sweep.data.source import Row, Source
from class_sweep.errors import DataError

NUMBERS = [0.5, -3.0, 12, 1e-3]
SPLITS = ["train", "train", "train", "validation"]
COLUMNS = {"split": "split", "difficulty": "hardness"}


def frame(numbers=NUMBERS):
    smiles = ["C" * n for n in range(1, 5)]
    texts = [f"an alkane of {n} atoms" for n in range(1, 5)]
    return pd.DataFrame({"smiles": smiles, "text": texts, "split": SPLITS, "hardness": numbers})


def write(path, numbers=NUMBERS):
    table = frame(numbers)
    kind = path.name.removesuffix(".gz").rpartition(".")[2]
    if kind == "parquet":
        table.to_parquet(path)
    elif kind == "jsonl":
        table.to_json(path, orient="records", lines=True)
    else:
        table.to_csv(path, index=False, sep="\t" if kind == "tsv" else ",")
    return path


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet", ".csv.gz"])
def test_every_format_gives_the_numbers_in_the_order_of_the_pairs(tmp_path, table, suffix):
    pairs = load_pairs(table(write(tmp_path / f"own{suffix}"), columns=COLUMNS))
    assert pairs.difficulty.tolist() == NUMBERS


def test_the_numbers_follow_their_rows_into_the_splits(tmp_path, table):
    path = tmp_path / "own.csv"
    mixed = frame().assign(split=["validation", "train", "train", "train"])
    mixed.to_csv(path, index=False)
    pairs = load_pairs(table(path, columns=COLUMNS))
    assert pairs.difficulty.tolist() == [-3.0, 12.0, 1e-3, 0.5]


def test_a_checksum_holds_the_numbers_and_is_as_before_without_them(tmp_path, table):
    plain = {"split": "split"}
    first, second = write(tmp_path / "a.csv"), write(tmp_path / "b.csv", [1, 2, 3, 4])
    without = {load_pairs(table(path, columns=plain)).checksum() for path in (first, second)}
    assert len(without) == 1
    with_numbers = {load_pairs(table(p, columns=COLUMNS)).checksum() for p in (first, second)}
    assert len(with_numbers | without) == 3


def test_only_training_pairs_need_a_number(tmp_path, table):
    pairs = load_pairs(table(write(tmp_path / "a.csv", [1, 2, 3, None]), columns=COLUMNS))
    assert pairs.difficulty[:3].tolist() == [1, 2, 3]
    assert pd.isna(pairs.difficulty[3])


@pytest.mark.parametrize(
    ("suffix", "line"), [(".csv", 3), (".tsv", 3), (".jsonl", 2), (".parquet", 2)]
)
def test_a_training_pair_without_a_number_is_an_error_with_its_line(tmp_path, table, suffix, line):
    path = write(tmp_path / f"own{suffix}", [1, None, 3, 4])
    with pytest.raises(DataError) as error:
        load_pairs(table(path, columns=COLUMNS))
    place = f"{path}:{line}"
    message = str(error.value)
    assert message.startswith("each training pair must have a difficulty, got 1 without one")
    assert message.endswith(f"at {place}")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize(
    "value", ["high", "inf", "-inf", "nan", "1e999", "1_000", "0,5", "true", "0x10"]
)
def test_a_value_that_is_no_finite_number_is_an_error_with_its_line(tmp_path, table, value, suffix):
    path = tmp_path / f"own{suffix}"
    write(path, ["1", "2", value, "4"])
    with pytest.raises(DataError, match=r"^a number must be finite, got ") as error:
        load_pairs(table(path, columns=COLUMNS))
    line = 4 if suffix == ".csv" else 3
    assert str(error.value).endswith(f"'{value}' in column 'hardness' at {path}:{line}")


@pytest.mark.parametrize("value", ["true", "[1]", "{}", "1" + 400 * "0", "Infinity"])
def test_a_json_value_of_another_type_is_an_error(tmp_path, table, value):
    path = tmp_path / "own.jsonl"
    rows = [json.dumps(row) for row in frame().to_dict("records")]
    path.write_text("\n".join(rows).replace("-3.0", value))
    with pytest.raises(DataError) as error:
        load_pairs(table(path, columns=COLUMNS))
    assert f"{path}:2" in str(error.value)


def test_a_column_that_the_table_lacks_is_an_error_with_a_hint(tmp_path, table):
    with pytest.raises(DataError, match=r"must have the column 'hardnes', .*mean 'hardness'"):
        load_pairs(table(write(tmp_path / "a.csv"), columns=COLUMNS | {"difficulty": "hardnes"}))


def test_any_source_may_give_the_numbers(table, tmp_path, monkeypatch):
    rows = [Row(str(n), "C" * n, "text", f"row {n}", min(n // 3, 1), n / 2) for n in (1, 2, 3)]
    read = Source(rows, splits=("train", "validation"))
    monkeypatch.setattr(corpus.DATA_SOURCES, "load", lambda _: lambda _: read)
    pairs = load_pairs(table(write(tmp_path / "unread.csv")))
    assert pairs.difficulty.tolist() == [0.5, 1.0, 1.5]
    rows[1] = Row("2", "CC", "text", "row 2", 0, float("nan"))
    with pytest.raises(DataError, match="without one, the first: id 2 at row 2"):
        load_pairs(table(tmp_path / "unread.csv"))

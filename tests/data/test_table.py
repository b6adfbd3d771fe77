import gzip
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from platforms import linux_only

from class_sweep.config.inputs import SPLITS
from class_sweep.data.corpus import load_pairs
from class_sweep.data.table import read_table
from class_sweep.errors import DataError

RECORDS = [
    {"smiles": "CCO", "text": "ethanol,\na drink", "split": "train", "key": "007"},
    {"smiles": "C", "text": "NA", "split": "train", "key": "2"},
    {"smiles": "N", "text": "nan", "split": "valid", "key": "3"},
    {"smiles": "O", "text": '1,2-"water"', "split": "Test", "key": "null"},
]
FORMATS = [".csv", ".tsv", ".jsonl", ".parquet", ".csv.gz", ".tsv.gz", ".jsonl.gz"]
COLUMNS = {"split": "split", "id": "key"}


def write(path: Path, records=RECORDS) -> Path:
    frame = pd.DataFrame(records)
    kind = path.name.removesuffix(".gz").rpartition(".")[2]
    if kind == "parquet":
        frame.to_parquet(path)
    elif kind == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_csv(path, index=False, sep="\t" if kind == "tsv" else ",")
    return path


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_gives_the_same_text(tmp_path, table, suffix):
    source = read_table(table(write(tmp_path / f"own.data{suffix}"), columns=COLUMNS))
    assert [row.smiles for row in source.rows] == ["CCO", "C", "N", "O"]
    assert [row.text for row in source.rows] == ["ethanol,\na drink", "NA", "nan", '1,2-"water"']
    assert [row.id for row in source.rows] == ["007", "2", "3", "null"]
    assert [row.split for row in source.rows] == [0, 0, 1, 2]
    assert source.rule is None
    assert source.splits == SPLITS


def test_a_row_has_its_file_and_line(tmp_path, table):
    path = write(tmp_path / "own.csv")
    rows = read_table(table(path, columns=COLUMNS)).rows
    assert [row.place for row in rows] == [f"{path}:{n}" for n in (3, 4, 5, 6)]


def test_blank_lines_and_a_byte_order_mark_are_skipped(tmp_path, table):
    path = tmp_path / "own.csv"
    path.write_text("\ufeffsmiles,text\nC,methane\n\nN,ammonia\n", encoding="utf-8")
    rows = read_table(table(path)).rows
    assert [(row.id, row.smiles, row.place) for row in rows] == [
        ("1", "C", f"{path}:2"),
        ("2", "N", f"{path}:4"),
    ]


def test_empty_values_are_empty(tmp_path, table):
    path = tmp_path / "own.jsonl"
    lines = [{"smiles": "C", "text": None}, {"smiles": "N", "text": 12}]
    path.write_text("\n".join(map(json.dumps, lines)))
    assert [row.text for row in read_table(table(path)).rows] == ["", "12"]
    path = tmp_path / "own.parquet"
    pd.DataFrame({"smiles": ["C", "N"], "text": [None, "x"], "n": [None, 7]}).astype(
        {"n": "Int64"}
    ).to_parquet(path)
    rows = read_table(table(path, columns={"id": "n"})).rows
    assert [(row.id, row.text) for row in rows] == [("1", ""), ("7", "x")]


def test_without_test_rows_no_test_split_is_needed(tmp_path, table):
    pairs = load_pairs(table(write(tmp_path / "own.csv", RECORDS[:3]), columns=COLUMNS))
    assert [len(pairs.rows(name)) for name in SPLITS] == [2, 1, 0]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_the_error_of_a_missing_column_suggests_a_similar_one(tmp_path, table, suffix):
    path = write(tmp_path / f"own{suffix}", [{"Smiles": "C", "text": "methane"}])
    rule = r"must have the column 'smiles', got 'Smiles', 'text'; did you mean 'Smiles'\? at "
    with pytest.raises(DataError, match=rule + re.escape(str(path))):
        read_table(table(path))


def test_a_dissimilar_column_is_not_suggested(tmp_path, table):
    path = write(tmp_path / "own.csv", [{"smiles": "C", "description": "methane"}])
    with pytest.raises(DataError, match=r"column 'text', got 'smiles', 'description' at "):
        read_table(table(path))


def test_a_missing_column_is_named_even_without_rows(tmp_path, table):
    path = tmp_path / "own.csv"
    path.write_text("smile,text\n")
    with pytest.raises(DataError, match=r"column 'smiles', got .*did you mean 'smile'"):
        read_table(table(path))


def test_an_unknown_split_is_an_error(tmp_path, table):
    path = write(tmp_path / "own.csv", [*RECORDS[1:], {**RECORDS[0], "split": "hold-out"}])
    rule = "a split must be one of train, validation, valid, val, dev, test, got 'hold-out' at "
    with pytest.raises(DataError, match=rule + re.escape(f"{path}:6")):
        read_table(table(path, columns=COLUMNS))


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("smiles,text\nC\n", "the header's 2 columns, got 1 at {}:2"),
        ("smiles,text\nC,a,b\n", "the header's 2 columns, got 3 at {}:2"),
        ('smiles,text\nC,"meth"ane\n', "quotes must enclose a whole value, got: .* at {}:2"),
        ('smiles,text\nC,"methane\n', "quotes must enclose a whole value, got: .* at {}:2"),
        (
            "smiles,text,text\nC,a,b\n",
            "column 'text' must exist once, got 'smiles', 'text', 'text' at {}:1",
        ),
        ("", "must have the column 'smiles', got none at {}:1"),
    ],
)
def test_malformed_csv_is_an_error(tmp_path, table, content, rule):
    path = tmp_path / "own.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=rule.format(re.escape(str(path)))):
        read_table(table(path))


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("{", "a line must be JSON, got .* at {}:2"),
        ("[1, 2]", r"a line must be a JSON object, got \[1, 2\] at {}:2"),
        (
            '{"smiles": "C", "text": ["a"]}',
            r"text or a number, got \['a'\] in column 'text' at {}:2",
        ),
        ('{"smiles": "C"}', "must have the column 'text', got 'smiles' at {}:2"),
    ],
)
def test_malformed_json_lines_are_an_error(tmp_path, table, line, rule):
    path = tmp_path / "own.jsonl"
    path.write_text('{"smiles": "N", "text": "ammonia"}\n' + line + "\n")
    with pytest.raises(DataError, match=rule.format(re.escape(str(path)))):
        read_table(table(path))


def test_unreadable_files_are_errors(tmp_path, table):
    with pytest.raises(DataError, match=r"must end in one of \.csv, .*got .*own\.xlsx"):
        read_table(table(tmp_path / "own.xlsx"))
    with pytest.raises(DataError, match=r"must end in one of .*got .*own\.parquet\.gz"):
        read_table(table(tmp_path / "own.parquet.gz"))
    with pytest.raises(
        DataError, match=r"must be a readable file, got .*absent\.csv: No such file"
    ):
        read_table(table(tmp_path / "absent.csv"))
    with pytest.raises(
        DataError, match=r"must be a readable file, got .*absent\.parquet: No such file"
    ):
        read_table(table(tmp_path / "absent.parquet"))
    bad = tmp_path / "bad.parquet"
    bad.write_bytes(b"not parquet at all")
    with pytest.raises(DataError, match=r"must be Parquet, got: .*bad\.parquet"):
        read_table(table(bad))
    bad = tmp_path / "latin.csv"
    bad.write_bytes("smiles,text\nC,méthane\n".encode("latin-1"))
    with pytest.raises(
        DataError, match=r"must be UTF-8, got the byte 0xe9 \('é' in Windows-1252; .*latin\.csv:2"
    ):
        read_table(table(bad))
    damaged = tmp_path / "damaged.csv.gz"
    damaged.write_bytes(gzip.compress(b"smiles,text\n", mtime=0)[:10] + b"\xff" * 40)
    with pytest.raises(DataError, match=r"readable file, got .*damaged\.csv\.gz"):
        read_table(table(damaged))
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(gzip.compress(b"smiles,text\n" * 1000)[:-12])
    with pytest.raises(DataError, match=r"readable file, got .*cut\.csv\.gz"):
        read_table(table(cut))


ALKANES = [{"smiles": "C" * n, "text": f"alkane {n}"} for n in range(1, 101)]


def test_rows_are_split_by_rule(tmp_path, table):
    rule = {"by": "scaffold", "train": 0.7, "validation": 0.2, "test": 0.1, "seed": 3}
    pairs = load_pairs(table(write(tmp_path / "own.csv", ALKANES), split=rule))
    assert [len(pairs.rows(name)) for name in SPLITS] == [70, 20, 10]
    turned = load_pairs(table(write(tmp_path / "turned.csv", ALKANES[::-1]), split=rule))
    for name in SPLITS:
        first, second = ({p.molecules[i] for i in p.rows(name)} for p in (pairs, turned))
        assert first == second


def test_a_rule_may_have_no_test_rows(tmp_path, table):
    rule = {"train": 0.9, "validation": 0.1, "test": 0.0}
    pairs = load_pairs(table(write(tmp_path / "own.csv", ALKANES), split=rule))
    assert [len(pairs.rows(name)) for name in SPLITS] == [90, 10, 0]


def test_a_rule_whose_fractions_do_not_add_up_is_an_error(tmp_path, table):
    path = write(tmp_path / "own.csv", ALKANES)
    with pytest.raises(DataError, match=r"must add up to 1, got 0\.9 \+ 0\.1 \+ 0\.1 = 1\.1"):
        load_pairs(table(path, split={"train": 0.9}))


@linux_only
def test_the_file_is_closed_when_a_record_is_refused(table, tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("smiles,text,split\nCCO,ethanol,train\nCC,ethane,nowhere\n", encoding="utf-8")
    settings = table(path, columns={"split": "split"})
    with pytest.raises(DataError, match="a split must be one of") as caught:
        read_table(settings)
    assert caught.tb is not None  # its frames keep everything alive that is not closed
    handles = Path("/proc/self/fd").iterdir()
    assert str(path) not in [str(handle.readlink()) for handle in handles if handle.is_symlink()]

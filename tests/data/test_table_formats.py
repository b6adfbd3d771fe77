"""Delimiters, quotes, encodings and compression of a table."""

import bz2
import gzip
import json
import lzma
import os

import pyarrow as pa
import pytest
from pyarrow import parquet

from class_sweep.base.limits import MAX_TEXT
from class_sweep.data.corpus import load_pairs
from class_sweep.data.molecules import read_molecules, read_texts
from class_sweep.data.table import read_table
from class_sweep.errors import DataError

ROWS = "".join(f"{'C' * n}O,alcohol {n}\n" for n in range(1, 61))


def zstandard(content: bytes) -> bytes:
    output = pa.BufferOutputStream()
    with pa.CompressedOutputStream(output, "zstd") as compressed:
        compressed.write(content)
    return output.getvalue().to_pybytes()


COMPRESSORS = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard,
}


def mistake(read, *arguments):
    with pytest.raises(DataError) as caught:
        read(*arguments)
    return str(caught.value)


@pytest.fixture
def file(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


# --- delimiters -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "character"), [(";", ";"), ("|", "|"), ("tab", "\t"), (",", ",")])
@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_the_delimiter_is_a_setting(file, table, name, character, suffix):
    path = file(f"a{suffix}", "smiles,text\nCCO,ethanol\n".replace(",", character))
    [row] = read_table(table(path, delimiter=name)).rows
    assert (row.smiles, row.text) == ("CCO", "ethanol")


@pytest.mark.parametrize(("character", "name"), [(";", ";"), ("|", "|"), ("\t", "tab")])
def test_another_delimiter_is_recognised_in_the_header(file, table, character, name):
    path = file("a.csv", "smiles,text\nCCO,x\n".replace(",", character))
    for read, argument in [(read_table, table(path)), (read_molecules, path)]:
        message = mistake(read, argument)
        assert f"its columns seem to be separated by {name!r}: set data.delimiter" in message
        assert message.endswith(f"{path}:1")


def test_a_column_of_another_case_is_suggested(file, table):
    path = file("a.csv", "cid,SMILES ,some text\n1,C,x\n")
    assert "did you mean 'SMILES '?" in mistake(read_table, table(path))


# --- quotes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(("suffix", "delimiter"), [(".tsv", "\t"), (".csv", ",")])
def test_a_quote_that_swallows_rows_is_an_error_with_both_lines(
    file, table, suffix, delimiter, newline
):
    rows = [
        "id,smiles,text",
        'x0,CCO,"spirit of wine',
        "x1,CCN,an amine",
        'x2,CCC,a gas"',
        "x3,C,y",
    ]
    path = file(f"a{suffix}", newline.join(rows).replace(",", delimiter))
    for read, argument in [
        (read_table, table(path, columns={"id": "id"})),
        (read_molecules, path),
        (read_texts, path),
    ]:
        message = mistake(read, argument)
        assert f"begins at {path}:2 and holds the row at {path}:3;" in message


def test_a_quote_that_swallows_one_row_to_its_end_is_an_error(file, table):
    path = file("a.tsv", 'smiles\ttext\nCCO\t"spirit\nCCN\tan amine of 5"\nC\tx\n')
    assert f"begins at {path}:2 and holds the row at {path}:3" in mistake(read_table, table(path))


@pytest.mark.parametrize(
    "text",
    [
        "a drink,\nused as fuel, too,\nand a solvent",
        "first line\nCO, the molecule, is a gas",
        "one, two\nthree, four\nfive, six",
        "a line\n\nanother",
        "1,2-ethanediol\n1,3-propanediol\nend",
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_prose_of_several_lines_is_a_text(file, table, suffix, text):
    delimiter = "\t" if suffix == ".tsv" else ","
    quoted = text.replace('"', '""')
    path = file(
        f"a{suffix}",
        f'smiles,text\nCCO,"{quoted}"\n'.replace(
            "smiles,text\nCCO,", f"smiles{delimiter}text\nCCO{delimiter}"
        ),
    )
    assert [row.text for row in read_table(table(path)).rows] == [text]
    path = file(
        f"b{suffix}", f'smiles{delimiter}text{delimiter}n\nCCO{delimiter}"{quoted}"{delimiter}7\n'
    )
    assert [row.text for row in read_table(table(path)).rows] == [text]


def test_an_open_quote_names_the_line_where_its_row_begins(file, table):
    path = file("a.csv", 'smiles,text\nCCO,"never closed\nand on\nand on\n')
    assert mistake(read_table, table(path)).endswith(f"{path}:4 in the row that begins at line 2")


# --- encodings and characters ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.smi", "a.csv.gz", "a.jsonl.xz"])
def test_bytes_that_are_no_utf8_have_their_line(file, name):
    content = b"smiles,text\nC,m\xe9thane\n"
    if "jsonl" in name:
        content = b'\n{"smiles": "C", "text": "m\xe9thane"}\n'
    compress = COMPRESSORS.get(f".{name.rsplit('.', 1)[1]}", bytes)
    path = file(name, compress(content))
    message = mistake(read_molecules, path)
    assert "must be UTF-8, got the byte 0xe9 ('é' in Windows-1252; " in message
    assert message.endswith(f"{path}:2")


def test_a_file_in_utf_16_is_named(file, table):
    path = file("a.csv", "smiles,text\n".encode("utf-16"))
    assert "for a file in UTF-16, run iconv" in mistake(read_table, table(path))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ('"\\ud800"', r"the lone surrogate '\ud800'"),
        ('"a\\u0000b"', r"the control character '\x00'"),
        ('"\\u001b[2J"', r"the control character '\x1b'"),
    ],
)
@pytest.mark.parametrize("column", ["smiles", "text", "id"])
def test_a_character_that_is_no_text_is_refused_in_every_column(file, table, column, value, words):
    record = {"smiles": '"C"', "text": '"x"', "id": '"1"'} | {column: value}
    line = ", ".join(f'"{key}": {written}' for key, written in record.items())
    path = file("a.jsonl", f"{{{line}}}\n")
    message = mistake(load_pairs, table(path, columns={"id": "id"}))
    assert words in message
    assert message.endswith(f"{path}:1")


def test_nan_is_no_text(file, table):
    lines = [{"smiles": "C" * n, "text": f"alkane {n}"} for n in range(1, 100)]
    lines[40]["text"] = float("nan")
    path = file("a.jsonl", "\n".join(map(json.dumps, lines)))
    [dropped] = load_pairs(table(path)).dropped
    assert (dropped.place, dropped.reason) == (f"{path}:41", "the text is empty")
    frame = pa.table({"smiles": ["C", "N"], "text": pa.array([1.5, float("nan")])})
    parquet.write_table(frame, path.with_name("a.parquet"))
    rows = read_table(table(path.with_name("a.parquet"))).rows
    assert [row.text for row in rows] == ["1.5", ""]
    texts = file("b.jsonl", '{"text": NaN}\n{"text": null}\n{"text": "one"}\n')
    assert read_texts(texts) == ("one",)


def test_what_follows_a_smiles_is_left_out_and_named(file, table, caplog):
    rows = [f"{'C' * n}O,alcohol {n}" for n in range(1, 61)]
    rows[3] = "CCCCO |^1:0|,alcohol 4"
    rows[5] = "CCCCCCO hexanol,alcohol 6"
    path = file("a.csv", "\n".join(["smiles,text", *rows]))
    pairs = load_pairs(table(path))
    assert sorted(pairs.smiles) == sorted(f"{'C' * n}O" for n in range(1, 61))
    assert (
        f"left out what follows a blank in 2 SMILES, the first: '|^1:0|' at {path}:5" in caplog.text
    )
    caplog.clear()
    [first, second] = read_molecules(file("a.smi", "CO methanol\nCCO |$a;b;c$| x\n"))
    assert (first.id, first.smiles) == ("methanol", "CO")
    assert (second.id, second.smiles) == ("2", "CCO")
    assert "in 1 SMILES, the first: '|$a;b;c$| x' at " in caplog.text


# --- JSON and Parquet -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("[" * 100_000, "nested less deeply"),
        ('{"smiles": "C", "text": ' + "9" * 5_000 + "}", "a line must be JSON, got Exceeds"),
        ('{"smiles": "C", "text": "a", "text": "b"}', "got the key 'text' twice"),
        ('{"smiles": "C", "text": Infinity}', "text or a number, got inf in column 'text'"),
        ('{"smiles": "C", "text": true}', "text or a number, got True in column 'text'"),
    ],
)
def test_a_line_that_breaks_a_reader_is_an_error_with_its_line(file, table, line, words):
    path = file("a.jsonl", f'{{"smiles": "N", "text": "x"}}\n{line}\n')
    message = mistake(read_table, table(path))
    assert words in message
    assert message.endswith(f"{path}:2")


def test_text_of_a_parquet_file_must_be_utf8(file, table):
    broken = pa.array([b"a", b"m\xe9"], pa.binary()).view(pa.string())
    path = file("a.parquet", b"")
    parquet.write_table(pa.table({"smiles": ["C", "N"], "text": broken}), path)
    assert f"must be UTF-8, got the byte 0xe9 at {path}:2" in mistake(read_table, table(path))


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [*COMPRESSORS, ".GZ"])
def test_a_table_is_read_compressed_wherever_one_is_read(file, table, suffix):
    compress = COMPRESSORS[suffix.lower()]
    path = file(f"a.csv{suffix}", compress(f"smiles,text\n{ROWS}".encode()))
    assert len(read_table(table(path)).rows) == 60
    assert len(read_molecules(path)) == 60
    assert len(read_texts(path)) == 60
    lines = file(f"a.smi{suffix}", compress(b"CCO ethanol\nC\n"))
    assert [molecule.smiles for molecule in read_molecules(lines)] == ["CCO", "C"]


@pytest.mark.parametrize("suffix", [*COMPRESSORS])
@pytest.mark.parametrize("damage", ["cut", "garbage"])
def test_a_damaged_compressed_file_is_an_error(file, table, suffix, damage):
    compressed = COMPRESSORS[suffix](f"smiles,text\n{ROWS}".encode())
    path = file(f"a.csv{suffix}", compressed[:-9] if damage == "cut" else b"garbage" * 9)
    assert "a table must be a readable file" in mistake(read_table, table(path))


@pytest.mark.parametrize("suffix", [*COMPRESSORS])
def test_a_decompression_bomb_is_refused(file, table, suffix):
    content = b"smiles,text\n" + (b"C," + b"a" * 4_000 + b"\n") * 500
    path = file(f"a.csv{suffix}", COMPRESSORS[suffix](content))
    assert "100 times its size" in mistake(read_table, table(path))


def test_a_value_has_a_bound(file, table):
    path = file("a.csv", f"smiles,text\nC,{'x' * (MAX_TEXT + 1)}\n")
    assert f"field larger than field limit ({MAX_TEXT}) at {path}:2" in mistake(
        read_table, table(path)
    )


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet", "a.csv.gz", "a.smi"])
def test_a_pipe_is_refused_before_it_is_read(tmp_path, name):
    os.mkfifo(tmp_path / name)
    message = mistake(read_molecules, tmp_path / name)
    assert "it must be a regular file, got a pipe" in message

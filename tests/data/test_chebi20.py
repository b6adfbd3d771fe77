import re

import pytest

from class_sweep.config.inputs import Chebi20Data
from class_sweep.data.chebi20 import read_chebi20
from class_sweep.errors import DataError


def read(path):
    return read_chebi20(Chebi20Data(source="chebi20", path=path))


def test_rows_have_their_split_and_their_line(chebi20):
    path = chebi20()
    source = read(path)
    assert [(row.id, row.split) for row in source.rows] == [("1", 0), ("2", 0), ("3", 1), ("4", 2)]
    assert source.rows[1].place == f"{path / 'train.txt'}:3"
    assert source.splits == ("train", "validation", "test")
    assert source.rule is None


def test_quotes_are_part_of_the_text(chebi20):
    text = '"Quoted" and 5\'-"half'
    rows = read(chebi20(train=[f"1\tCCO\t{text}", "2\tC\tmethane"])).rows
    assert rows[0].text == text
    assert rows[1].text == "methane"


def test_doubled_backslashes_become_single(chebi20):
    rows = read(chebi20(train=["1\tC/C=C\\\\C\tone", "2\tC/C=C\\C\ttwo"])).rows
    assert [row.smiles for row in rows[:2]] == ["C/C=C\\C", "C/C=C\\C"]


def test_other_line_ends_and_separators_are_read(chebi20):
    path = chebi20()
    text = "a text with a\u2028separator and\x0ca form feed"
    content = f"CID\tSMILES\tdescription\r\n1\tC\t{text}\r\n2\tN\tammonia"
    (path / "train.txt").write_bytes(content.encode())
    rows = read(path).rows
    assert [row.text for row in rows[:2]] == [text, "ammonia"]


def test_the_error_of_a_missing_folder_names_the_download_command(tmp_path):
    path = tmp_path / "absent"
    with pytest.raises(DataError, match=f"must be a folder .* got {re.escape(str(path))}; .*fetch"):
        read(path)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_missing_file_is_an_error(chebi20, split):
    path = chebi20(**{split: None})
    with pytest.raises(
        DataError,
        match=rf"{split}\.txt of a ChEBI-20 folder must be a readable file, got .*: No such file",
    ) as e:
        read(path)
    assert str(path / f"{split}.txt") in str(e.value)


@pytest.mark.parametrize("header", ["", "cid\tSMILES\tdescription", "CID,SMILES,description"])
def test_a_wrong_header_is_an_error(chebi20, header):
    path = chebi20()
    (path / "test.txt").write_text(f"{header}\n1\tC\tmethane\n")
    with pytest.raises(DataError, match=r"the header must be 'CID SMILES description'") as e:
        read(path)
    assert f"got {' '.join(header.split())!r}" in str(e.value)
    assert str(e.value).endswith(f"{path / 'test.txt'}:1")


@pytest.mark.parametrize(("line", "columns"), [("9\tC", 2), ("9\tC\ta\tb", 4), ("", 1)])
def test_a_wrong_number_of_columns_is_an_error(chebi20, line, columns):
    path = chebi20(train=["1\tC\tmethane", line, "2\tN\tammonia"])
    with pytest.raises(DataError, match=f"must have 3 tab-separated columns, got {columns}") as e:
        read(path)
    assert str(e.value).endswith(f"{path / 'train.txt'}:3")


def test_bytes_that_are_not_utf8_are_an_error(chebi20):
    path = chebi20()
    (path / "train.txt").write_bytes(b"CID\tSMILES\tdescription\n1\tC\tm\xe9thane\n")
    with pytest.raises(DataError, match=r"must be UTF-8, got the byte 0xe9 .* at .*train.txt:2"):
        read(path)

"""Files of molecules or texts, and the extra molecules of a data set."""

import pytest

from class_sweep.config.inputs import Columns, SplitRule, TableData
from class_sweep.data.corpus import load_pairs
from class_sweep.data.molecules import read_molecules, read_texts
from class_sweep.errors import DataError


def test_lines_have_a_smiles_and_may_have_a_name(tmp_path):
    path = tmp_path / "some.smi"
    path.write_text("CCO ethyl alcohol\nCCC\tpropane\r\n\n  C  \nOCC again\n")
    assert [(m.id, m.smiles, m.canonical) for m in read_molecules(path)] == [
        ("ethyl alcohol", "CCO", "CCO"), ("propane", "CCC", "CCC"), ("4", "C", "C"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".tsv", "cid\tsmiles\n7\tOCC\n8\tCCC\n"),
        (".csv", "smiles,id\nOCC,7\nCCC,8\n"),
        (".jsonl", '{"smiles": "OCC", "id": 7}\n{"smiles": "CCC", "id": 8}\n'),
    ],
)
def test_a_table_has_a_column_of_smiles(tmp_path, suffix, text):
    path = tmp_path / f"some{suffix}"
    path.write_text(text)
    assert [(m.id, m.smiles, m.canonical) for m in read_molecules(path)] == [
        ("7", "OCC", "CCO"), ("8", "CCC", "CCC"),
    ]  # fmt: skip


def test_a_few_unreadable_molecules_are_dropped_with_a_warning(tmp_path, caplog):
    path = tmp_path / "some.smi"
    path.write_text("\n".join(["C" * n for n in range(1, 100)] + ["C1CC"]))
    assert len(read_molecules(path)) == 99
    assert "dropped 1 of 100 rows" in caplog.text


def test_texts_are_lines_or_a_column(tmp_path):
    (tmp_path / "a.txt").write_text("one text\nanother\none text\n")
    assert read_texts(tmp_path / "a.txt") == ("one text", "another")
    (tmp_path / "a.csv").write_text('text,n\n"one, text",1\n,2\n')
    assert read_texts(tmp_path / "a.csv") == ("one, text",)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.smi", None, "must be a readable file, got .*: No such file"),
        (
            "a.smi",
            b"\xff\xfe\x00",
            "must be UTF-8, got the byte 0xff; for a file in UTF-16, .*a.smi:1",
        ),
        ("a.smi", b"", "must hold a molecule, got none"),
        ("a.csv", b"SMILES\nC\n", "must have the column 'smiles'"),
        ("a.csv", None, "a table must be a readable file, got .*: No such file"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_molecules(tmp_path / name)


@pytest.fixture
def settings(tmp_path):
    rows = [f"{'C' * n}O,alcohol {n},{'train' if n < 9 else 'validation'}" for n in range(1, 12)]
    (tmp_path / "t.csv").write_text("\n".join(["smiles,text,split", *rows]))
    (tmp_path / "more.smi").write_text("OCC known\nCCCl\nClCC again\nCCBr\n")

    def build(extra=None):
        return TableData(
            source="table", path=tmp_path / "t.csv", columns=Columns(split="split"),
            split=SplitRule(), extra_molecules=extra,
        )  # fmt: skip

    return build


def test_extra_molecules_are_in_no_pair(settings, tmp_path):
    with_extra = load_pairs(settings(tmp_path / "more.smi"))
    assert [m.canonical for m in with_extra.extra_molecules] == ["CCCl", "CCBr"]
    plain = load_pairs(settings())
    assert plain.extra_molecules == ()
    assert plain.texts == with_extra.texts
    assert plain.checksum() != with_extra.checksum()

"""`class-sweep init`: a space for tables of different shapes, which `check` accepts."""

import csv
import gzip
import io
import json

import pyarrow as pa
import pytest
from pyarrow import parquet
from schema_reader import schema_errors

from class_sweep.config.document import load_space
from class_sweep.config.inputs import NamesData
from class_sweep.data.names import read_names

GROUPS = {"O": "alcohol", "N": "amine", "C(=O)O": "acid", "S": "thiol", "Cl": "chloride"}
RINGS = {"C": "open", "c1ccccc1": "benzene", "C1CCCCC1": "cyclohexane", "c1ccncc1": "pyridine"}
PAIRS = [
    (f"{ring}{'C' * n}{group}", f"an {ring_name} compound, {name} with a chain of {n} carbons")
    for ring, ring_name in RINGS.items()
    for group, name in GROUPS.items()
    for n in range(2, 14)
]
"""Molecules with a text each."""
LONG = " that was found in a plant and is written down here with many words"


def delimited(path, rows, delimiter=",", **options):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, **options).writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def excel(folder):
    """As a spreadsheet writes it: byte order mark, CRLF, a blank after a name; two texts each."""
    twice = [(n, s, f"{t}{more}") for n, (s, t) in enumerate(PAIRS) for more in ("", ", again")]
    path = delimited(folder / "mine.csv", [("CID", "SMILES", "Description "), *twice])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    return path


def semicolons(folder):
    """European: semicolons, and two columns that hold words."""
    rows = [(n, "InChI=1S/x", s, "a short title", t + LONG) for n, (s, t) in enumerate(PAIRS)]
    rows = [(n, i, s, f"{title} {n}", text) for n, i, s, title, text in rows]
    return delimited(folder / "de.csv", [("Nr", "inchi", "Struktur", "Titel", "Text"), *rows], ";")


def with_splits(folder):
    """Compressed, with splits in upper case, the training pairs first."""
    splits = ["TRAIN"] * 180 + ["Val"] * 30 + ["test"] * 30
    rows = [(s, t, split) for (s, t), split in zip(PAIRS, splits, strict=True)]
    path = delimited(folder / "plain.tsv", [("smiles", "text", "fold"), *rows], "\t")
    (folder / "splits.tsv.gz").write_bytes(gzip.compress(path.read_bytes()))
    return folder / "splits.tsv.gz"


def columns_of_types(folder):
    """Parquet: numbers, a list, and two columns of SMILES."""
    smiles, texts = zip(*PAIRS, strict=True)
    table = {
        "weight": [float(n) for n in range(len(PAIRS))],
        "tags": [["a", "b"]] * len(PAIRS),
        "canonical_smiles": smiles,
        "isomeric_smiles": smiles,
        "caption": texts,
    }
    parquet.write_table(pa.table(table), folder / "typed.parquet")
    return folder / "typed.parquet"


def with_holes(folder):
    """JSON Lines: objects of different keys, and too many rows that are unusable."""
    lines = [
        {"mol": s, "text": t} | ({"chebi_id": n} if n else {}) for n, (s, t) in enumerate(PAIRS)
    ]
    lines[10:30] = [{"mol": line["mol"], "text": ""} for line in lines[10:30]]
    path = folder / "holes.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


SHAPES = {
    excel: {"smiles": "SMILES", "text": "Description ", "id": "CID"},
    semicolons: {"smiles": "Struktur", "text": "Text"},
    with_splits: {"smiles": "smiles", "text": "text", "split": "fold"},
    columns_of_types: {"smiles": "isomeric_smiles", "text": "caption"},
    with_holes: {"smiles": "mol", "text": "text"},
}
NOTES = {
    semicolons: "texts: took the column 'Text'; --text takes another: 'Titel'",
    columns_of_types: "SMILES: took the column 'isomeric_smiles'; --smiles takes another: 'canon",
    with_holes: "20 of 240 rows are unusable, so data.max_dropped is 0.09; `class-sweep data",
}
DATA = {semicolons: {"delimiter": ";"}, with_holes: {"max_dropped": 0.09}}


@pytest.fixture(scope="module", autouse=True)
def one_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLASS_SWEEP_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_a_space_for_each_shape_of_a_table_passes_the_check(command, tmp_path, shape):
    folder = tmp_path / "my data"
    folder.mkdir()
    table = shape(folder)
    code, out, err = command("init", table)
    assert (code, "error" in err) == (0, False)
    assert NOTES.get(shape, "wrote") in out
    assert out.endswith(f"next: class-sweep check '{folder}/space.yaml'\n")

    text = (folder / "space.yaml").read_text()
    assert 19 <= len(text.splitlines()) <= 30
    assert f"  path: {table.name}\n" in text
    assert schema_errors(text) == []
    assert (folder / "space.schema.json").is_file()
    space = load_space(folder / "space.yaml")
    data = space.settings.data
    assert data.columns.model_dump(exclude_none=True) == SHAPES[shape]
    assert {name: getattr(data, name) for name in DATA.get(shape, {})} == DATA.get(shape, {})
    assert space.idle_axes == {}
    code, out, _ = command("check", folder / "space.yaml")
    assert code == 0
    assert "never shown" not in out


def test_the_values_fit_the_size_of_the_data(command, tmp_path):
    rows = [(s, f"{t}, number {k}") for s, t in PAIRS for k in range(20)]
    delimited(tmp_path / "large.csv", [("smiles", "text"), *rows])
    delimited(tmp_path / "small.csv", [("smiles", "text"), *PAIRS])
    for name in ("small", "large"):
        assert command("init", f"{name}.csv", "-o", f"{name}.yaml", "--no-index")[0] == 0
    small, large = (load_space(tmp_path / f"{name}.yaml") for name in ("small", "large"))
    assert small.settings.optimizer.batch_size == 4
    assert large.settings.optimizer.batch_size == 64
    assert small.settings.text_encoder.dimensions < large.settings.text_encoder.dimensions
    assert "240 pairs, 240 molecules;" in small.text
    assert "4,800 pairs, 240 molecules with up to 20 texts each; 3,840 train" in large.text
    for space, pairs in ((small, 192), (large, 3840)):
        steps = space.settings.budget.epochs * pairs / space.settings.optimizer.batch_size
        assert 1500 < steps < 3100


@pytest.mark.long
def test_sigma_is_the_range_in_which_look_alikes_order_the_pairs(command, tmp_path):
    source = read_names(NamesData(source="names", limit=2000))
    rows = [(row.smiles, row.text) for row in source.rows]
    delimited(tmp_path / "mine.csv", [("smiles", "text"), *rows])
    assert command("init", "mine.csv", "--no-index")[0] == 0
    assert "not fitted: `class-sweep index` proposes a" in (tmp_path / "space.yaml").read_text()
    assert command("init", "mine.csv", "--force")[0] == 0
    axis = load_space(tmp_path / "space.yaml").axes["curriculum.sigma.quantile"]
    assert "there look-alikes order the pairs" in (tmp_path / "space.yaml").read_text()
    code, out, _ = command("index", "space.yaml", "--json")
    assert code == 0
    recommended = json.loads(out)["recommendation"]
    assert recommended["usable"] == recommended["of"] == len(axis.values())


def test_data_without_an_order_is_named(command, tmp_path):
    delimited(tmp_path / "mine.csv", [("smiles", "text"), *PAIRS])
    assert command("init", "mine.csv")[0] == 0
    assert "not fitted: no σ orders most of these pairs" in (tmp_path / "space.yaml").read_text()


def test_the_user_can_name_the_columns(command, tmp_path):
    columns_of_types(tmp_path)
    assert command("init", "typed.parquet", "--smiles", "canonical_smiles", "--no-index")[0] == 0
    columns = load_space(tmp_path / "space.yaml").settings.data.columns
    assert columns.smiles == "canonical_smiles"
    code, _, err = command("init", "typed.parquet", "--text", "captoin", "--force", "--no-index")
    assert code == 2
    assert "must have the column 'captoin', got" in err
    assert "did you mean 'caption'?" in err


def test_a_column_of_splits_without_validation_is_not_used(command, tmp_path):
    rows = [(s, t, "test" if n % 4 == 0 else "train") for n, (s, t) in enumerate(PAIRS)]
    delimited(tmp_path / "mine.csv", [("smiles", "text", "split"), *rows])
    code, out, _ = command("init", "mine.csv", "--no-index")
    assert code == 0
    assert "the column 'split' has not both train and validation, so the rows are split anew" in out
    assert load_space(tmp_path / "space.yaml").settings.data.columns.split is None


def test_nothing_is_replaced_without_asking(command, tmp_path):
    delimited(tmp_path / "mine.csv", [("smiles", "text"), *PAIRS])
    (tmp_path / "space.schema.json").write_text("mine")
    (tmp_path / "space.yaml").write_text("mine")
    code, _, err = command("init", "mine.csv")
    assert code == 2
    assert "--out must be a new file, got space.yaml; --force replaces it" in err
    assert (tmp_path / "space.yaml").read_text() == "mine"
    assert command("init", "mine.csv", "--force", "--no-index")[0] == 0
    assert (tmp_path / "space.yaml").read_text() != "mine"
    assert (tmp_path / "space.schema.json").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("mine.csv", b"", "a table must have a column of SMILES, found none among no columns"),
        ("mine.csv", b"smiles,text\n", "found none among 'smiles', 'text'; name it with --smiles"),
        (
            "mine.csv",
            b"name,text\nethanol,an alcohol\n",
            "must have a column of SMILES, found none",
        ),
        ("mine.csv", b"smiles,n\nCCO,1\nCCN,2\n", "must have a column of texts, found none"),
        ("mine.csv", b"CCO,an alcohol\nCCN,an amine\n", "must have a header, got the SMILES 'CCO'"),
        ("mine.csv", b"smiles,text\nCCO,it\x92s\n", "in Windows-1252; for such a file, run iconv"),
        ("mine.xlsx", b"PK", "a table must end in one of .csv, .tsv, .jsonl, .parquet"),
        ("mine.jsonl", b"[1]\n", "a line must be a JSON object, got [1] at "),
        ("mine.parquet", b"PAR1", "a .parquet file must be Parquet"),
        ("none.csv", None, "No such file"),
    ],
)
def test_an_unusable_table_is_one_error_and_nothing_is_written(
    command, tmp_path, name, content, message
):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    code, _, err = command("init", name)
    assert code == 2
    assert message in err
    assert not (tmp_path / "space.yaml").exists()


def test_a_table_of_unusable_rows_is_refused(command, tmp_path):
    rows = [(s, t if n % 3 == 0 else "") for n, (s, t) in enumerate(PAIRS)]
    delimited(tmp_path / "mine.csv", [("smiles", "text"), *rows])
    code, _, err = command("init", "mine.csv")
    assert code == 2
    assert "at least half of the rows must be usable, got 80 of 240" in err
    assert "the first: the text is empty at" in err

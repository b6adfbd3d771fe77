"""`class-sweep audit` on spaces and tables of real molecules."""

import csv
import re

import numpy as np
import pytest

from class_sweep.config.inputs import NamesData
from class_sweep.data.corpus import load_pairs


@pytest.fixture(scope="module")
def names():
    return load_pairs(NamesData(source="names", limit=300))


@pytest.fixture
def table(tmp_path, names):
    file = tmp_path / "pairs.csv"
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["cid", "structure", "name"])
        writer.writerows(zip(names.ids, names.smiles, names.texts, strict=True))
    return file


OPTIONS = ("--smiles", "structure", "--text", "name", "--id", "cid")


def rows_of(file):
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_table_is_audited_with_a_ranked_table_and_a_page(command, table, tmp_path, names):
    out, page = tmp_path / "new" / "suspects.csv", tmp_path / "page.html"
    code, printed, err = command("audit", table, *OPTIONS, "-o", out, "--page", page)
    assert code == 0, err
    assert "300 pairs" in printed
    assert "probably wrong" in printed
    rows = rows_of(out)
    assert sorted(row["id"] for row in rows) == sorted(names.ids)
    assert [int(row["place"]) for row in rows] == list(range(1, 301))
    below = [float(row["worse_than"]) for row in rows]
    assert below == sorted(below, reverse=True)
    assert all(row["margin"] == "" for row in rows)
    text = page.read_text()
    assert text.count("<article>") >= 40
    assert "<svg" in text
    assert "src=" not in text
    assert not re.search(r"https?://", text)


def test_a_space_is_audited_by_its_own_encoders_and_by_the_margins_of_its_backbone(
    command, space_file, tmp_path
):
    by_rank, by_margin = tmp_path / "rank.csv", tmp_path / "margin.csv"
    assert command("audit", space_file, "-o", by_rank)[0] == 0
    code, printed, err = command("audit", space_file, "--train", "-o", by_margin)
    assert code == 0, err
    assert "by both ranks and the margin" in printed
    margins = [float(row["margin"]) for row in rows_of(by_margin)]
    assert np.mean(margins[:50]) < np.mean(margins[-50:])
    ranks, trained = ({r["id"]: r for r in rows_of(file)} for file in (by_rank, by_margin))
    assert {row["split"] for row in ranks.values()} == {"train", "validation", "test"}
    train = {key for key, row in ranks.items() if row["split"] == "train"}
    assert set(trained) == train
    assert all(ranks[key]["molecule_rank"] == trained[key]["molecule_rank"] for key in train)


def test_the_text_of_a_page_is_escaped(command, tmp_path, names):
    file, page = tmp_path / "pairs.tsv", tmp_path / "page.html"
    lines = [f"{s}\t<script>alert({i})</script> {t}" for i, (s, t) in
             enumerate(zip(names.smiles, names.texts, strict=True))]  # fmt: skip
    file.write_text("\n".join(["smiles\ttext", *lines]))
    assert command("audit", file, "--page", page)[0] == 0
    assert "<script>alert" not in page.read_text()
    assert "&lt;script&gt;alert" in page.read_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "pairs.csv"),
        ("a,b\n1,2\n", "smiles"),
        ("smiles,text\n" + "".join(f"{'C' * n},chain {n}\n" for n in range(1, 60)), "at least 100"),
    ],
)
def test_an_unusable_table_is_one_error_and_writes_nothing(command, tmp_path, content, message):
    file = tmp_path / "pairs.csv"
    if content:
        file.write_text(content)
    code, printed, err = command("audit", file, "-o", tmp_path / "out.csv")
    assert code == 2
    assert printed == ""
    assert err.count("error:") == 1
    assert message in err
    assert not (tmp_path / "out.csv").exists()


def test_train_needs_a_space_and_an_output_needs_a_folder(command, table, space_file, tmp_path):
    code, _, err = command("audit", table, *OPTIONS, "--train")
    assert code == 2
    assert "--train needs a search space" in err
    for option in ("-o", "--page"):
        code, _, err = command("audit", space_file, option, tmp_path)
        assert code == 2
        assert "must be a file that can be written" in err


def test_check_warns_of_many_wrong_pairs(command, space_file, monkeypatch):
    from class_sweep.preparation import prepare
    from class_sweep.statistics.wrong_share import WrongShare

    monkeypatch.setattr(prepare, "training_share", lambda *_, **__: WrongShare(0.14, 0.12, 0.16))
    code, out, err = command("check", space_file)
    assert code == 0, err
    assert "warning: about 14% (12% to 16%) of the training pairs fit no better" in out
    assert "curriculum.trim" in out

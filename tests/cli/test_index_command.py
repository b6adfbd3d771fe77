"""`class-sweep index` on a small space of real molecules."""

import json
import re

import pytest
import yaml

from class_sweep.config.document import parse_space
from class_sweep.report.index_report.index_tables import spread


def test_index_prints_the_difficulty_report(command, space_file, tmp_path):
    code, out, err = command("index", space_file)
    assert code == 0, err
    flat = re.sub(r"\s+", " ", out)
    for words in (
        "560 training pairs",
        "The first pool holds 60.0 %, 336 pairs",
        "Similarity of two pairs: 0.5 text + 0.5 molecule (cosine)",
        "Ties at each σ",
        "easiest",
        "hardest",
        "text length in words",
        "similarity to the validation split",
        "text alone ~ molecule alone, N",
        "Rank correlations of the difficulties",
        "λ paper 0.40",
        "Recommended σ",
        "Rule: largest tie below 50 % of the pairs and at least 10 distinct N",
    ):
        assert words in flat
    assert len(out.splitlines()) < 60
    assert sorted(tmp_path.iterdir()) == [space_file]


def test_json_has_every_number_and_the_recommended_line_is_valid_in_a_space(
    command, space_file, small_space_text
):
    code, out, _ = command("index", space_file, "--json")
    assert code == 0
    tree = json.loads(out)
    assert [row["sigma"] for row in tree["sigmas"]] == pytest.approx(
        [0.4 + 0.05 * k for k in range(9)]
    )
    for row in tree["sigmas"]:
        assert 0 <= row["decided"]["easy_first"] <= 1
        assert set(row["sorts_by"]) == {"words", "heavy_atoms", "validation_likeness"}
        assert row["alone"] <= row["largest_tie"] or row["largest_tie"] > 0
    assert [row["difficulty"] for row in tree["difficulties"]] == [
        f"look_alikes (sigma {tree['focus']:g})", "ridge",
    ]  # fmt: skip
    assert tree["difficulties"][1]["correlation"]["ridge"] == pytest.approx(1)
    counts = [example["look_alikes"] for example in tree["examples"]["easiest"]]
    assert counts == sorted(counts)
    assert counts[-1] <= tree["examples"]["hardest"][-1]["look_alikes"]
    for schedule in tree["schedules"].values():
        assert sum(schedule["samples"]) == schedule["total"]
        assert len(schedule["share"]) == 6
    line = yaml.safe_load(tree["recommendation"]["yaml"])
    pasted = yaml.safe_load(small_space_text)
    pasted["curriculum"] |= line
    assert parse_space(yaml.safe_dump(pasted)).sigmas()


def test_index_writes_a_page_with_drawings(command, space_file, tmp_path):
    code, _, err = command("index", space_file, "--html", "page.html")
    assert code == 0, err
    page = (tmp_path / "page.html").read_text()
    assert page.count("<svg") == 12 + 6
    assert "wrote page.html" in err


def test_other_similarities_and_sigma_by_quantile(command, space_file, small_space_text):
    space_file.write_text(
        small_space_text.replace(
            "{uniform: [0.40, 0.80], step: 0.05}",
            "{quantile: [0.2, 0.8], step: 0.2}\n"
            "  text_weight: 0.3\n  molecule_similarity: tanimoto",
        )
    )
    code, out, err = command("index", space_file, "--json")
    assert code == 0, err
    tree = json.loads(out)
    assert tree["similarity"] == "0.3 text + 0.7 molecule (tanimoto)"
    alone = [row["alone"] for row in tree["sigmas"]]
    assert alone == pytest.approx([0.2, 0.4, 0.6, 0.8], abs=0.02)
    assert tree["recommendation"]["range"]


def test_a_space_whose_sigma_orders_nothing_gets_a_recommended_range(
    command, space_file, small_space_text
):
    space_file.write_text(small_space_text.replace("[0.40, 0.80], step: 0.05", "[0.985, 0.99]"))
    code, out, _ = command("index", space_file, "--json")
    assert code == 0
    tree = json.loads(out)
    assert tree["recommendation"]["counted"] is False
    low, high = tree["recommendation"]["range"]
    space_file.write_text(
        small_space_text.replace(
            "sigma: {uniform: [0.40, 0.80], step: 0.05}", tree["recommendation"]["yaml"]
        )
    )
    code, out, _ = command("index", space_file, "--json")
    rows = json.loads(out)["sigmas"]
    assert rows[0]["alone"] == pytest.approx(0.05, abs=0.01)
    assert rows[-1]["alone"] == pytest.approx(0.45, abs=0.01)
    assert 0 < low < high < 0.985


@pytest.mark.parametrize(
    "arguments", [("nowhere.yaml",), ("small.yaml", "--html", "small.yaml/page.html")]
)
def test_bad_input_ends_before_any_work(command, space_file, arguments):
    code, out, err = command("index", *arguments)
    assert (code, out) == (2, "")
    assert "must be" in err
    assert "counting" not in err


def test_a_selection_of_rows_keeps_both_ends():
    assert spread(range(3), 5) == [0, 1, 2]
    assert spread(range(100), 3) == [0, 50, 99]

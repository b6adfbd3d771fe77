"""Sweeps side by side: `class-sweep compare`."""

import json

import pytest
from made_sweeps import made_verdict, make_folder, report_of

from class_sweep.errors import ResultsError
from class_sweep.rendering.blocks import Table, Text
from class_sweep.rendering.html import page
from class_sweep.rendering.terminal import print_chapters
from class_sweep.report.sweep_comparison import compare_sweeps

CONFIG = {"curriculum.order": "hard_first", "curriculum.alpha": 0.5}


@pytest.fixture
def folders(tmp_path, small_space_text):
    def build(one=small_space_text, other=small_space_text, best=(0.3, 0.4), **more):
        made = []
        for name, text, value in (("weak", one, best[0]), ("strong", other, best[1])):
            records = [
                report_of(0, "finish", 0.25, CONFIG, name="full_data"),
                report_of(1, "finish", value, CONFIG, samples=1632),
            ]
            made.append(make_folder(tmp_path / name, text, records, **more))
        return made

    return build


def text_of(chapters):
    return " ".join(b.text for c in chapters for b in c.blocks if isinstance(b, Text))


def cells(chapters):
    tables = [b for c in chapters for b in c.blocks if isinstance(b, Table)]
    return {row[0]: row[1:] for table in tables for row in table.rows}


def test_sweeps_with_the_same_data_are_ranked(folders):
    chapters = compare_sweeps(folders())
    assert "strong (40.0 %), weak (30.0 %)" in text_of(chapters)
    assert "weak: nothing is confirmed" in text_of(chapters)
    table = cells(chapters)
    assert table["best"] == ["30.0 %", "40.0 %"]
    assert table["best − full_data"] == [
        "+5.0 points, one run each",
        "+15.0 points, one run each",
    ]
    assert table["best, of full data's samples"] == ["50.0 %", "50.0 %"]
    assert table["paper"] == ["–", "–"]


def test_the_smaller_value_is_ranked_first_if_lower_is_better(folders, small_space_text):
    text = small_space_text.replace("validation/mrr", "validation/mean_rank")
    chapters = compare_sweeps(folders(text, text, best=(0.2, 0.125)))
    assert "strong (0.1), weak (0.2)" in text_of(chapters)
    assert cells(chapters)["best − full_data"][1] == "+0.1 ranks, one run each"


def test_settings_that_differ_are_shown_as_a_space_has_them(folders, small_space_text):
    other = small_space_text.replace("[full_data]", "[paper, full_data]")
    other = other.replace("backbone: {", "backbone: {learn_temperature: true, ")
    rows = compare_sweeps(folders(other=other))[-1].blocks[0].rows
    assert {row[0]: row[1:] for row in rows} == {
        "backbone.learn_temperature": ["false", "true"],
        "search.baselines": ["full_data", "paper, full_data"],
    }


def test_sweeps_with_different_data_are_not_ranked_and_the_reason_is_shown(folders):
    made = folders()
    tree = json.loads((made[0] / "environment.json").read_text())
    (made[0] / "environment.json").write_text(json.dumps(tree | {"data_sha256": "c" * 64}))
    text = text_of(compare_sweeps(made))
    assert "not ranked: their data have different checksums" in text
    assert "strong (40.0 %)" not in text


def test_sweeps_with_different_objectives_are_not_ranked(folders, small_space_text):
    other = small_space_text.replace("validation/mrr", "validation/hits@1")
    text = text_of(compare_sweeps(folders(other=other)))
    assert "different objectives (validation/split/mrr in weak, validation/split/hits@1" in text


def test_sweeps_without_trials_can_be_compared(folders):
    text = text_of(compare_sweeps(folders(state=None)))
    assert "a folder has no checksum of its data" in text


def test_verdicts_are_shown(folders):
    assert "weak: trial 2 is better" in text_of(compare_sweeps(folders(verdict=made_verdict())))


def test_a_comparison_needs_two_different_folders(folders):
    made = folders()
    with pytest.raises(ResultsError, match="needs two results folders or more, got 1"):
        compare_sweeps(made[:1])
    with pytest.raises(ResultsError, match="must be named once"):
        compare_sweeps([made[0], made[0]])


def test_a_comparison_is_shown_on_a_terminal_and_as_a_page(folders, terminal):
    chapters = compare_sweeps(folders())
    console = terminal(width=160)
    print_chapters(console, chapters)
    shown = console.file.getvalue()
    assert "hard_first, α 0.5" in shown
    assert "[" not in shown
    html = page("Side by side", [], chapters)
    assert "<th scope" in html
    assert "strong (40.0 %)" in html


def test_settings_and_axes_that_differ_are_shown(folders, small_space_text):
    other = small_space_text.replace("lr: 3e-3", "lr: 1e-3").replace("[0.3, 0.9]", "[0.2, 0.9]")
    (table,) = compare_sweeps(folders(other=other))[-1].blocks
    assert [row[0] for row in table.rows] == ["curriculum.alpha", "optimizer.lr"]
    assert table.rows[1][1:] == ["0.003", "0.001"]


def test_equal_settings_are_said_to_be_equal(folders):
    (text,) = compare_sweeps(folders())[-1].blocks
    assert text.text == "The sweeps have the same settings and axes."

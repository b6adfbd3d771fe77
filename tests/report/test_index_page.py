"""The page of `class-sweep index`: complete, escaped, and self-contained."""

import base64
import gzip
import json
import re

import plotly.graph_objects as go
import pytest
from page_reader import read_page

from class_sweep.preparation.index_report import IndexReport
from class_sweep.report.index_report.page import index_page
from class_sweep.report.index_report.wording import (
    agreement,
    order_warnings,
    recommendation,
    trait_reading,
    validation_reading,
)

EVIL = "<script>alert('x')</script> & [bold]"


def sigma_row(sigma, **changes):
    return {
        "sigma": sigma,
        "alone": 0.125,
        "distinct": 321,
        "largest_tie": 0.125,
        "decided": {"easy_first": 0.75, "hard_first": 1.0},
        "usable": True,
        "following": 0.987,
        "sorts_by": {"words": 0.05, "heavy_atoms": -0.2, "validation_likeness": 0.66},
        "validation_place": 0.7,
        **changes,
    }


def example(name):
    nearest = {"id": EVIL, "similarity": 0.5}
    smiles = {"id": f"{name} {EVIL}", "text": f"text of {name} {EVIL}", "smiles": "CO"}
    return smiles | {"look_alikes": 1234, "mean_similarity": 0.25, "nearest": nearest}


def agreement_row(name):
    rated = {"id": f"{name} {EVIL}", "text": f"rated {EVIL}", "smiles": "CO", "difficulty": 17.25}
    return {
        "difficulty": name,
        "largest_tie": 0.25,
        "correlation": {"look_alikes (sigma 0.5)": -0.625, "ridge": None},
        "hardest_in_common": {"look_alikes (sigma 0.5)": 0.375, "ridge": 1.0},
        "sorts_by": {"words": 0.05, "heavy_atoms": -0.2, "validation_likeness": None},
        "easiest": [rated],
        "hardest": [rated],
    }


def schedule(**changes):
    curriculum = {
        "order": "easy_first",
        "pacing": "linear",
        "alpha": 0.4,
        "beta": 0.03,
        "intensity": "inverse",
        "trim": 0.0,
    }
    return {
        "curriculum": curriculum | changes.pop("curriculum", {}),
        "share": [0.4, 0.7, 1.0],
        "intensity": {"loss": [0.5, 0.6, 0.7]},
        "samples": [64, 96, 160],
        "total": 320,
        "of_full_data": 0.7,
        **changes,
    }


def report_of(tree):
    report = IndexReport.model_validate(tree)
    return report.model_copy(update={"warnings": order_warnings(report)})


@pytest.fixture
def tree():
    rows = [sigma_row(0.5), sigma_row(0.9, usable=False, following=None)]
    curve = {"levels": [0, 0.5, 1], "quantiles": [0, 3, 200], "curve": [0, 3, 200]}
    by_part = schedule(
        curriculum={"intensity": {"alignment": "inverse"}, "trim": 0.125},
        intensity={"alignment": [1, 1, 1]},
    )
    return {
        "space": f"{EVIL}.yaml",
        "pairs": {"train": 160, "validation": 20, "test": 20},
        "encoders": {"text_encoder": {"kind": "lsa"}, "molecule_encoder": {"kind": EVIL}},
        "similarity": "0.5 text + 0.5 molecule (cosine)",
        "similarities": ["0.5 text + 0.5 molecule (cosine)", "1 text"],
        "first_pool": {"share": 0.4, "pairs": 64},
        "focus": 0.5,
        "sigmas": rows,
        "distribution": [{"sigma": sigma, **curve} for sigma in (0.5, 0.9)],
        "examples": {"easiest": [example("easy one")], "hardest": [example("hard one")]},
        "modalities": {
            "mean_similarity": 0.4,
            "look_alikes": [
                {"sigma": 0.5, "rank_correlation": None, "alone": {"text": 0.1, "molecule": 0.2}}
            ],
            "points": [[0.1, 0.2], [0.3, 0.4]],
        },
        "difficulties": [agreement_row("look_alikes (sigma 0.5)"), agreement_row("ridge")],
        "recommendation": {
            "rule": "the rule",
            "usable": 1,
            "of": 2,
            "range": [0.5, 0.5],
            "counted": True,
            "yaml": "sigma: 0.5",
        },
        "schedules": {"space": by_part, "paper": schedule()},
    }


def test_the_page_is_well_formed_and_has_every_section_and_plot(tree):
    reader = read_page(index_page(report_of(tree), {"CO": "<svg><path d='M 0,0'/></svg>"}))
    sections = [
        "recommendation",
        "order",
        "sigma",
        "examples",
        "sorts-by",
        "modalities",
        "difficulties",
        "schedules",
    ]
    plots = ["order", "sigma", "sorts-by", "modalities", "share", "intensity", "samples"]
    assert {*sections, *(f"plot-{name}" for name in plots)} <= set(reader.ids)
    assert len(reader.ids) == len(set(reader.ids))
    for words in ("N = 1,234", "sigma: 0.5", "12.5 %", "tie-break", "hard_first selects rows"):
        assert words in reader.text
    for words in (
        "Hardest by ridge",
        "-0.62",
        "37.5 %",
        "17.25",
        "inverse on alignment, trim 0.125",
    ):
        assert words in reader.text


def test_the_page_loads_nothing_and_stays_small(tree):
    page = index_page(report_of(tree), {})
    reader = read_page(page)
    assert reader.loads == []
    assert not re.search(r"@import|url\(|https?://", page)
    assert len(page.encode()) < 5_000_000


def test_texts_are_escaped(tree):
    page = index_page(report_of(tree), {})
    reader = read_page(page)
    assert "<script>alert" not in page
    assert len(reader.scripts) == 3
    assert f"text of easy one {EVIL}" in reader.text
    drawn = index_page(report_of(tree), {"CO": "<svg class='drawn'></svg>"})
    assert drawn.count("<svg class='drawn'>") == 4


def test_plotly_accepts_the_figures(tree):
    reader = read_page(index_page(report_of(tree), {}))
    for figure in json.loads(reader.scripts[0]).values():
        go.Figure(figure["data"], figure["layout"])  # an unknown property raises
    assert b"plotly.js v" in gzip.decompress(base64.b64decode(reader.scripts[1]))[:100]


def test_the_page_is_reproducible(tree):
    assert index_page(report_of(tree), {}) == index_page(report_of(tree), {})


def test_without_a_range_the_page_recommends_other_encoders(tree):
    tree["recommendation"] |= {"range": None, "counted": False, "yaml": None, "usable": 0}
    assert "Use other encoders" in read_page(index_page(report_of(tree), {})).text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "one of the two is constant"),
        (0.09, "nearly independent of text length"),
        (0.2, "hard pairs have slightly longer texts"),
        (-0.5, "easy pairs have longer texts"),
    ],
)
def test_the_meaning_of_a_correlation_with_a_trait(value, words):
    assert words in trait_reading("words", value)


@pytest.mark.parametrize(
    ("position", "words"),
    [(None, "no validation"), (0.52, "no preference (50 %)"), (0.3, "easy end"), (0.8, "hard end")],
)
def test_the_meaning_of_the_position_of_validation(position, words):
    assert words in validation_reading(position)


def test_each_strength_of_agreement_has_its_own_words():
    words = {value: agreement(value) for value in (None, 0.0, 0.2, -0.2, 0.5, -0.5)}
    assert len(set(words.values())) == 6


def test_the_recommended_range_in_words(tree):
    assert "1 of 2 values" in recommendation(report_of(tree))
    tree["recommendation"]["of"] = 1
    assert "Every σ" in recommendation(report_of(tree))
    tree["recommendation"]["counted"] = False
    assert "look-alikes were not counted there yet" in recommendation(report_of(tree))


@pytest.mark.parametrize(
    ("likeness", "place", "order"),
    [
        (0.31, 0.7, "hard_first"), (-0.4, 0.3, "easy_first"),  # both measures agree
        (0.3, 0.7, None), (None, 0.7, None), (0.6, None, None),
        (0.6, 0.53, None), (0.6, 0.3, None), (-0.4, 0.7, None),  # the position shows no such order
    ],
)  # fmt: skip
def test_an_order_that_selects_pairs_like_validation_gives_a_warning(tree, likeness, place, order):
    tree["sigmas"][0]["sorts_by"]["validation_likeness"] = likeness
    tree["sigmas"][0]["validation_place"] = place
    warnings = [w for w in report_of(tree).warnings if "the ones that evaluate it" in w]
    assert [order in warning for warning in warnings] == ([True] if order else [])

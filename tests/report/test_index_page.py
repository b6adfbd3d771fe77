"""The page of `class-sweep index`: whole, safe, and nothing to load."""

import base64
import gzip
import json
import re
from html.parser import HTMLParser

import plotly.graph_objects as go
import pytest

from class_sweep.report.index_page import index_page
from class_sweep.report.index_words import advice, agreement, place, reading, warnings

EVIL = "<script>alert('x')</script> & [bold]"
VOID = {"meta", "br"}


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


def schedule(**changes):
    curriculum = {
        "order": "easy_first",
        "pacing": "linear",
        "alpha": 0.4,
        "beta": 0.03,
        "intensity": "inverse",
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


@pytest.fixture
def tree():
    rows = [sigma_row(0.5), sigma_row(0.9, usable=False, following=None)]
    curve = {"levels": [0, 0.5, 1], "quantiles": [0, 3, 200], "curve": [0, 3, 200]}
    by_part = schedule(
        curriculum={"intensity": {"alignment": "inverse"}}, intensity={"alignment": [1, 1, 1]}
    )
    built = {
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
    return built | {"warnings": warnings(built)}


class Reader(HTMLParser):
    """Checks that elements nest, and notes what a page holds."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.loads, self.scripts, self.text = [], [], [], [], ""

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        self.ids += [known["id"]] if "id" in known else []
        self.loads += [known[name] for name in ("src", "href", "data", "action") if name in known]
        self.scripts += [""] if tag == "script" else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif not self.open or self.open[-1] != "style":
            self.text += data


def read(page):
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader


def test_the_page_is_well_formed_and_has_every_section_and_plot(tree):
    reader = read(index_page(tree, {"CO": "<svg><path d='M 0,0'/></svg>"}))
    sections = [
        "recommendation",
        "order",
        "sigma",
        "examples",
        "sorts-by",
        "modalities",
        "schedules",
    ]
    plots = ["order", "sigma", "sorts-by", "modalities", "share", "intensity", "samples"]
    assert {*sections, *(f"plot-{name}" for name in plots)} <= set(reader.ids)
    assert len(reader.ids) == len(set(reader.ids))
    for words in ("N = 1,234", "sigma: 0.5", "12.5 %", "tie-break", "hard_first selects rows"):
        assert words in reader.text


def test_the_page_loads_nothing_and_stays_small(tree):
    page = index_page(tree, {})
    reader = read(page)
    assert reader.loads == []
    assert not re.search(r"@import|url\(|https?://", page)
    assert len(page.encode()) < 5_000_000


def test_texts_are_escaped(tree):
    page = index_page(tree, {})
    reader = read(page)
    assert "<script>alert" not in page
    assert len(reader.scripts) == 3
    assert f"text of easy one {EVIL}" in reader.text
    drawn = index_page(tree, {"CO": "<svg id='drawn'></svg>"})
    assert read(drawn).ids.count("drawn") == 2


def test_the_plots_are_what_plotly_draws(tree):
    reader = read(index_page(tree, {}))
    for one in json.loads(reader.scripts[0]).values():
        go.Figure(one["data"], one["layout"])  # an unknown property raises
    assert b"plotly.js v" in gzip.decompress(base64.b64decode(reader.scripts[1]))[:100]


def test_the_page_of_one_tree_is_always_the_same(tree):
    assert index_page(tree, {}) == index_page(tree, {})


def test_without_a_range_the_page_says_so(tree):
    tree["recommendation"] |= {"range": None, "counted": False, "yaml": None, "usable": 0}
    assert "Other encoders are needed" in read(index_page(tree, {})).text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "the same for all pairs"),
        (0.09, "hardly follows text length"),
        (0.2, "hard pairs tend slightly to longer texts"),
        (-0.5, "easy pairs go with longer texts"),
    ],
)
def test_reading(value, said):
    assert said in reading("words", value)


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "no validation"), (0.52, "no preference (50 %)"), (0.3, "easy end"), (0.8, "hard end")],
)
def test_place(value, said):
    assert said in place(value)


def test_agreement():
    said = {value: agreement(value) for value in (None, 0.0, 0.2, -0.2, 0.5, -0.5)}
    assert len(set(said.values())) == 6


def test_advice(tree):
    assert "1 of 2 values" in advice(tree)
    tree["recommendation"]["of"] = 1
    assert "Every σ" in advice(tree)
    tree["recommendation"]["counted"] = False
    assert "nothing was counted there yet" in advice(tree)


@pytest.mark.parametrize(
    ("likeness", "said"), [(0.31, "hard_first"), (-0.4, "easy_first"), (0.3, None), (None, None)]
)
def test_a_warning_where_the_order_selects_what_it_is_judged_on(tree, likeness, said):
    tree["sigmas"][0]["sorts_by"]["validation_likeness"] = likeness
    found = [warning for warning in warnings(tree) if "judged on" in warning]
    assert [said in warning for warning in found] == ([True] if said else [])

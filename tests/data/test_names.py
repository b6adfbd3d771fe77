import re
from collections import defaultdict

import pytest

from class_sweep.config.inputs import NamesData
from class_sweep.data import names
from class_sweep.errors import DataError


def read(limit=1000, seed=0):
    return names.read_names(NamesData(source="names", limit=limit, seed=seed)).rows


def line(*synonyms):
    key = "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"
    return ["702", "64-17-5", "C2H6O", "46.07", "CCO", "InChI", key, *synonyms]


@pytest.mark.parametrize(
    "code",
    [
        "64-17-5",
        "64-17-5 (parent)",
        "13197-56-3 (hydrochloride)",
        "einecs 200-578-6",
        "unii-3k9958v90m",
        "3k9958v90m",
        "nsc 85228",
        "agn-pc-0jk3l1",
        "stk123456",
        "zinc00895048",
        "chembl545",
        "ac1l1aez",
        "mfcd00003568",
        "lfqscwfljhtthz-uhfffaoysa-n",
        "lfqscwfljhtthz-uhfffaoysa-",
        "hsdb 82",
        "caswell no. 430",
        "epa pesticide chemical code 001501",
        "c31h36n2o11",
        "wln: q2",
        "oprea1_123456",
        "nchembio.2007.28-comp33",
        "1,2,3,4,5,6,7,8-oxo",
        "",
    ],
)
def test_registry_numbers_and_codes_are_no_names(code):
    assert names.names_of(line(code, "ethanol")) == ["ethanol"]


@pytest.mark.parametrize(
    "name",
    [
        "hexan-2-one",
        "2-methylpropan-1-ol",
        "4-(chloromethyl)-1,2-dimethyl-benzene",
        "tween 80",
        "vitamin b12",
        "zinc hydride",
        "1h-benzimidazole",
    ],
)
def test_names_with_numbers_are_names(name):
    assert names.names_of(line(name)) == [name]


def test_the_two_shortest_different_names_are_used():
    fields = line("2-hydroxyethane", "Ethyl alcohol", "ethanol [usp]", "ethyl-alcohol", "ethanol")
    assert names.names_of(fields) == ["ethanol", "Ethyl alcohol"]
    fields = line("ethyl-alcohol", "ethyl alcohol", "2-hydroxyethane")
    assert names.names_of(fields) == ["ethyl-alcohol", "2-hydroxyethane"]


def test_the_selection_is_reproducible_and_depends_on_the_seed(monkeypatch):
    monkeypatch.setattr(names, "FILES", names.FILES[1:])  # the small file is enough
    rows = read(limit=400)
    assert read(limit=400) == rows
    assert {row.id for row in read(limit=400, seed=1)} != {row.id for row in rows}
    assert {row.id for row in read(limit=200)} < {row.id for row in rows}
    assert [row.id for row in rows[:3]] == ["13521", "10976", "3283"]  # in every process


def test_rows_are_complete_and_split_by_connectivity():
    rows = read(limit=5000)
    assert len(rows) == 5000
    assert len({row.smiles for row in rows}) == 5000
    counts = [sum(row.split == code for row in rows) for code in range(3)]
    assert counts == pytest.approx([4000, 500, 500], abs=5)
    assert all(row.text.count("; ") >= 1 for row in rows)
    assert all("." not in row.smiles and re.search(r"[Cc]", row.smiles) for row in rows)
    assert not any(re.search(r"\b\d{2,7}-\d\d-\d\b", row.text) for row in rows)
    assert all(re.fullmatch(r"chemical identifiers pubchem \w+\.tsv:\d+", r.place) for r in rows)

    skeleton = {ln.place: ln.fields[names.INCHIKEY][:14] for ln in names._lines()}
    splits = defaultdict(set)
    for row in rows:
        splits[skeleton[row.place]].add(row.split)
    assert any(list(skeleton.values()).count(key) > 1 for key in list(splits)[:2000])
    assert all(len(codes) == 1 for codes in splits.values())


def test_a_missing_package_is_an_error(monkeypatch):
    monkeypatch.setattr(names, "find_spec", lambda _: None)
    with pytest.raises(DataError, match="must have the package chemicals, got none installed"):
        read()


def test_missing_identifier_files_are_an_error(monkeypatch):
    monkeypatch.setattr(names, "FILES", ("absent.tsv",))
    with pytest.raises(DataError, match=r"hold its identifier files, got No such .*absent\.tsv"):
        read()

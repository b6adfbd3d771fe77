"""What the documents promise of themselves: size, words, versions."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from documents import PAGES, ROOT

from class_sweep import __version__
from class_sweep.config.renamed import RENAMED_SETTINGS, RENAMED_VALUES

MAP = (
    (ROOT / "ARCHITECTURE.md")
    .read_text(encoding="utf-8")
    .partition("## Layers")[2]
    .partition("##")[0]
)
CHANGES = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
SPACES = sorted((ROOT / "search_spaces").glob("*.yaml"))
OLD_NAMES = [
    "a_ninth", "most_seeds", "most-seeds", "more_molecules", "intensity_acts_on", "full_at",
    "sigma_quantile", "ties:", "keep:", "search.first", "first: [", "--failed", "ray://",
]  # fmt: skip
WORDS_GONE = [
    r"those (?:that|who)", r"such as", r"fate", r"foretold", r"casualt\w*", r"emphasis",
    r"keepers?", r"sought", r"lets? go", r"go(?:es|ne)? on", r"went on", r"judges?", r"worry",
    r"introduced?", r"timeline", r"extents?", r"standing",
]  # fmt: skip


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md"])
def test_the_first_documents_are_short(name):
    assert (ROOT / name).stat().st_size <= 8_000


def test_no_document_uses_a_word_that_the_glossary_replaces(page):
    text = page.read_text(encoding="utf-8")
    if page.name == "ray-jobs.md":
        text = text.replace("ray://", "")  # the decision against it
    assert [name for name in OLD_NAMES if name in text] == []
    found = re.findall(rf"\b(?:{'|'.join(WORDS_GONE)})\b", text, re.IGNORECASE)
    assert found == []


@pytest.mark.parametrize("space", SPACES, ids=lambda path: path.name)
def test_no_space_uses_an_old_name(space):
    text = space.read_text(encoding="utf-8")
    assert [name for name in OLD_NAMES if name in text] == []


def test_a_page_has_one_title_and_no_empty_section(page):
    text = re.sub(r"^```.*?^```", "code", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1
    assert not re.search(r"^(#+) .*\n\s*\n?\1 ", text, re.MULTILINE)


def test_the_version_is_the_same_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    newest = re.search(r"^## \[(.+?)\] - (\S+)$", CHANGES, re.MULTILINE)
    assert citation["version"] == newest[1] == __version__
    assert str(citation["date-released"]) == newest[2]


def test_the_citation_has_what_its_format_requires():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= citation.keys()
    for reference in citation["references"]:
        assert {"type", "title", "authors"} <= reference.keys()


def test_every_page_is_in_the_navigation():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("nav:")[2]
    for page in PAGES:
        if page.is_relative_to(ROOT / "docs"):
            assert str(page.relative_to(ROOT / "docs")) in navigation, page


def test_every_link_to_a_file_leads_somewhere(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    generated = {"settings.md", "commands.md", "python.md", "result-files.md", "limits.md"}
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / link).exists() or Path(link).name in generated, link


def test_the_map_names_every_layer_in_order_and_files_that_exist():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = text.partition("## Layers")[2].partition("##")[0]
    rows = re.findall(r"^\| (`[^|]+) \|[^|]*\|([^|]*)\|$", table, re.MULTILINE)
    layers = [name for first, _ in rows for name in re.findall(r"`([a-z]+)(?:\.py)?`", first)]
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [order] = [
        contract["layers"]
        for contract in contract["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    ]
    assert layers == [name for layer in order for name in layer.split(" | ")]
    for first, files in rows:
        package = "" if ".py" in first else first.strip("`")
        for file in re.findall(r"`([\w/]+\.py)`", files):
            assert (ROOT / "class_sweep" / package / file).is_file(), file


def test_every_module_that_a_document_names_exists(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    layers = [ROOT / "class_sweep", *(ROOT / "class_sweep").iterdir()]  # the map's are in a layer
    for path in re.findall(r"`((?:\w+/)+\w+\.py)`", text):
        assert any((folder / path).is_file() for folder in [ROOT, *layers]), path


def test_the_changelog_has_every_renamed_setting():
    rows = re.findall(r"^ *\| `([^`]+)` \| `([^`]+)` \|", CHANGES, re.MULTILINE)
    for old, new in RENAMED_SETTINGS.items():
        [after] = [after for before, after in rows if before.partition(":")[0] == old]
        assert after.startswith(f"{old.partition('.')[0]}.{new.partition(':')[0]}")
    for (setting, old), new in RENAMED_VALUES.items():
        assert (f"{setting}: {old}", f"{setting}: {new}") in rows

"""The site builds without a warning, needs no network, and its reference pages are complete."""

import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import commands_page
import files_page
import limits_page
import pytest
import python_page
import settings_page
from pydantic import TypeAdapter

import class_sweep
from class_sweep.base import limits
from class_sweep.config.sections import Settings
from class_sweep.results.folder import ResultsFolder

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=ROOT,
        env={"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def text_of(page):
    return unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")))


def test_no_page_loads_anything_from_the_network(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 3
    for page in pages:
        html = page.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|iframe)[^>]*\ssrc=\"?(http[^\s\">]*)", html)
        loaded += re.findall(r"<link rel=\"?stylesheet\"?[^>]*href=\"?(http[^\s\">]*)", html)
        assert not loaded, page


def test_every_setting_has_a_row(site):
    page = text_of(site / "reference" / "settings.html")
    for name in Settings.model_fields:
        assert name in page
    for section, models in settings_page.sections():
        assert section in page
        for model in models:
            for name in model.model_fields:
                assert re.search(rf"^{name}$", page, re.MULTILINE), f"{section}.{name}"


def test_every_setting_has_a_meaning_and_every_number_has_bounds():
    for line in settings_page.render().splitlines():
        if line.startswith("| `") and len(cells := re.split(r" (?<!\\)\|", line)) > 5:
            _, meaning, kind, bounds, *_ = (cell.strip() for cell in cells)
            assert meaning, line
            assert bounds or not re.search(r"number|integer", kind), line


def test_every_command_and_option_is_listed(site):
    page = text_of(site / "reference" / "commands.html")
    for name, command in commands_page.commands():
        assert f"class-sweep {name}" in page
        for parameter in command.params:
            for option in getattr(parameter, "opts", []):
                assert option in page or option.upper() in page, f"{name} {option}"


def test_every_public_name_is_documented(site):
    page = text_of(site / "reference" / "python.html")
    for name, value in python_page.public_names():
        assert f"cs.{name}" in page
        for member, _ in python_page.members(value) if isinstance(value, type) else ():
            assert f"{name}.{member}" in page


def test_the_reference_of_python_has_the_public_names_and_no_others():
    page = python_page.render()
    found = set(re.findall(r"^## cs\.(\w+)$", page, re.MULTILINE))
    found |= set(re.findall(r"`cs\.(\w+)", page.partition("| section |")[2].partition("##")[0]))
    assert found == set(class_sweep.__all__) - {"__version__"}


def test_every_name_of_the_package_in_a_document_is_public(page):
    text = page.read_text(encoding="utf-8")
    used = set(re.findall(r"\bcs\.(\w+)", text))
    used |= {
        n
        for names in re.findall(r"from class_sweep import ([\w, ]+)", text)
        for n in names.split(", ")
    }
    assert used - set(class_sweep.__all__) == set()


def test_every_key_of_a_result_file_is_documented(site):
    page = text_of(site / "reference" / "result-files.html")
    for name, model in files_page.FILES.items():
        assert name in page
        keys = TypeAdapter(model).json_schema()["properties"]
        assert [key for key in keys if not re.search(rf"^{key}$", page, re.MULTILINE)] == []


def test_every_bound_on_input_is_documented_with_its_value(site):
    page = text_of(site / "reference" / "limits.html")
    named = {name for rows in limits_page.bounds().values() for name, _ in rows}
    assert named == {name for name in vars(limits) if name.startswith(("MAX_", "MIN_"))}
    for name in named:
        assert re.search(rf"^{name}\s+{getattr(limits, name):,}$", page, re.MULTILINE), name


def test_every_file_of_a_results_folder_is_documented():
    page = (ROOT / "docs" / "reference" / "results-folder.md").read_text(encoding="utf-8")
    files = vars(ResultsFolder(Path("folder"))).items()
    names = {path.name for attribute, path in files if attribute not in ("path", "lock")}
    assert [name for name in names if f"`{name}" not in page] == []

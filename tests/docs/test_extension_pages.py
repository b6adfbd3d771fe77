"""The component of each extension page works as it is printed there: one file and one line."""

import re
import sys

import pytest
from documents import ROOT, blocks

from class_sweep.config import components
from class_sweep.config.components import Component, Metric, Registry
from class_sweep.config.document import parse_space

PAGES = sorted((ROOT / "docs" / "contributing").glob("add-a*.md"))
REGISTRIES = {
    name: value for name, value in vars(components).items() if isinstance(value, Registry)
}
BASE = {
    "data": "{source: names, limit: 200}",
    "text_encoder": "{kind: lsa, dimensions: 16}",
    "molecule_encoder": "{kind: morgan, bits: 128}",
    "backbone": "{name: contrastive, hidden: 16, dimension: 8}",
    "curriculum": "{alpha: {uniform: [0.4, 0.9]}}",
    "optimizer": "{batch_size: 16}",
    "budget": "{epochs: 2}",
    "search": "{trials: 2}",
    "confirm": "{finalists: 0}",
}


@pytest.fixture
def component(page_of_kind, tmp_path, monkeypatch):
    """The page's component, written to its file and registered by its line."""
    text = page_of_kind.read_text(encoding="utf-8")
    [name] = re.findall(r"^`(\w+)\.py`", text, re.MULTILINE)
    [code] = blocks(page_of_kind, "python")
    (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    registry = REGISTRIES[re.findall(r"^The line, in `(\w+)`:", text, re.MULTILINE)[0]]
    monkeypatch.setattr(registry, "_components", dict(registry))
    line = re.sub(r"class_sweep\.\w+\.\w+:", f"{name}:", blocks(page_of_kind, "text")[0])
    [(key, found)] = eval(f"{{{line}}}", {"Component": Component, "Metric": Metric}).items()  # noqa: S307 - our own
    registry.register(key, found)
    yield registry, key
    sys.modules.pop(name, None)


def space_of(page):
    """The page's space over a small base."""
    [block] = blocks(page, "yaml")
    sections = set(re.findall(r"^(\w+):", block, re.MULTILINE))
    rest = [f"{name}: {text}" for name, text in BASE.items() if name not in sections]
    return "\n".join([*rest, block])


@pytest.mark.parametrize("page_of_kind", PAGES, ids=lambda page: page.stem)
def test_the_component_of_a_page_is_loaded_by_its_space(page_of_kind, component):
    registry, key = component
    assert registry.load(key).__doc__
    space = parse_space(space_of(page_of_kind))
    assert key in space.text

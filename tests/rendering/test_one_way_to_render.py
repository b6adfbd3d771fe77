"""Blocks are the only way to output: tables, HTML and escaping belong to the renderers."""

import ast
import re
from pathlib import Path

import pytest

import class_sweep

ROOT = Path(class_sweep.__file__).parent
RENDERERS = ROOT / "rendering"
PLOTLY_MARKUP = ROOT / "report" / "plots.py"  # Plotly's labels allow a few HTML tags
TAG = re.compile(r"</?[a-z][a-z0-9]*(\s[^<>]*)?/?>|&(amp|lt|gt|quot);")
MODULES = [path for path in sorted(ROOT.rglob("*.py")) if RENDERERS not in path.parents]


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def texts(tree):
    """Every string but the docstrings."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            yield from [node.value] if isinstance(node.value, str) else []


@pytest.mark.parametrize(
    "module", ["rich.table", "rich.markup", "rich.markdown", "html", "html.escape", "xml.sax"]
)
def test_only_the_renderers_make_tables_and_escape_text(module):
    users = [p for p in MODULES if module in imported(ast.parse(p.read_text(encoding="utf-8")))]
    assert users == []


def test_no_module_but_a_renderer_writes_html():
    html_texts = {
        str(path.relative_to(ROOT)): text
        for path in MODULES
        if path != PLOTLY_MARKUP
        for text in texts(ast.parse(path.read_text(encoding="utf-8")))
        if TAG.search(text)
    }
    assert html_texts == {}

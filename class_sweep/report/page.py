"""A self-contained HTML page: its style, its plots and the library that draws them, in one file.

Plotly is packed, since as it is it would be 5 MB of every page; browsers unpack it.
"""

import base64
import gzip
import json
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

SORTABLE = 'class="sortable"'
"""What marks a table that the page's script lets a reader sort and filter."""


def page(title: str, body: str, figures: Mapping[str, Mapping[str, Any]]) -> str:
    """An HTML document.

    Args:
        title: Of its window.
        body: HTML, with a `plot` for each figure.
        figures: Name to Plotly's `data` and `layout`.
    """
    assets = files("class_sweep.report") / "assets"
    style = (assets / "page.css").read_text(encoding="utf-8")
    script = (assets / "page.js").read_text(encoding="utf-8")
    scripts = ""
    if figures:
        # In a script "</" would end it, whatever JSON thinks of it.
        data = json.dumps(figures, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
        scripts = (
            f'<script type="application/json" id="figures">{data}</script>\n'
            f'<script type="application/octet-stream" id="plotly">{_plotly()}</script>\n'
        )
    if figures or SORTABLE in body:
        scripts += f"<script>\n{script}</script>\n"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n{scripts}</body>\n</html>\n"
    )


def plot(name: str, label: str = "", height: int | None = None) -> str:
    """Where a figure goes.

    Args:
        name: Of the figure.
        label: What it shows, for those who cannot see it.
        height: In pixels; that of the style unless given.
    """
    told = f' aria-label="{escape(label)}"' if label else ""
    tall = f' style="height: {height}px"' if height else ""
    return f'<div class="plot" id="plot-{escape(name)}" role="img"{told}{tall}></div>\n'


@cache
def _plotly() -> str:
    from plotly.offline import get_plotlyjs  # noqa: PLC0415 - half a second, for pages alone

    # Without a time, the same data makes the same page.
    return base64.b64encode(gzip.compress(get_plotlyjs().encode(), mtime=0)).decode("ascii")

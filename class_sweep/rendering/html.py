"""Blocks as a self-contained HTML page: style, data and the plotting library in one file.

Plotly is compressed in the page, because it would take 5 MB of every page otherwise; browsers
unpack it.
"""

import base64
import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from textwrap import shorten
from typing import Any

from class_sweep.rendering.blocks import (
    Block,
    Card,
    Cards,
    Chapter,
    Code,
    Collapsible,
    Drawing,
    Heading,
    KeyValues,
    Plot,
    PlotGrid,
    Table,
    Text,
    plain,
)

_TITLE_LENGTH = 80  # characters of the window's title
_SORTABLE = 'class="sortable"'  # marks a table that the script of the page sorts and filters

Figures = dict[str, Mapping[str, Any]]


def page(title: str, head: Sequence[Block], chapters: Sequence[Chapter] = ()) -> str:
    """A whole document: the title, the blocks below the title, a table of contents, the chapters.

    The same blocks always make the same page.
    """
    figures: Figures = {}
    body = [f"<h1>{escape(title)}</h1>", _blocks(head, figures)]
    if len(chapters) > 1:
        links = " · ".join(f'<a href="#{c.name}">{escape(c.title)}</a>' for c in chapters)
        body.append(f'<nav aria-label="Contents" class="note">{links}</nav>')
    for chapter in chapters:
        content = _blocks(chapter.blocks, figures)
        heading = f"<h2>{escape(chapter.title)}</h2>"
        body.append(f'<section id="{chapter.name}">{heading}\n{content}</section>')
    return _document(title, "\n".join(body), figures)


def _document(title: str, body: str, figures: Figures) -> str:
    scripts = ""
    if figures:
        # "</" inside of a script would end it, even within a JSON string.
        data = json.dumps(figures, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
        scripts = (
            f'<script type="application/json" id="figures">{data}</script>\n'
            f'<script type="application/octet-stream" id="plotly">{_plotly()}</script>\n'
        )
    if figures or _SORTABLE in body:
        scripts += f"<script>\n{_asset('page.js')}</script>\n"
    window_title = escape(shorten(title, _TITLE_LENGTH, placeholder=" …"))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{window_title}</title>\n<style>\n{_asset('page.css')}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n{scripts}</body>\n</html>\n"
    )


def _asset(name: str) -> str:
    path = files("class_sweep.rendering") / "assets" / name
    return path.read_text(encoding="utf-8")


@cache
def _plotly() -> str:
    from plotly.offline import get_plotlyjs  # noqa: PLC0415 - half a second, for pages alone

    # Without a modification time, the same data makes the same page.
    return base64.b64encode(gzip.compress(get_plotlyjs().encode(), mtime=0)).decode("ascii")


def _blocks(blocks: Sequence[Block], figures: Figures) -> str:
    """Blocks in their order. The figures of plots are added to `figures`."""
    return "\n".join(_elements(blocks, figures))


def _elements(blocks: Sequence[Block], figures: Figures) -> Iterator[str]:
    for block in blocks:
        match block:
            case Text():
                yield _paragraph(block)
            case Heading(text):
                yield f"<h3>{escape(text)}</h3>"
            case Code(text):
                yield f"<pre><code>{escape(text)}</code></pre>"
            case Table():
                yield _table(block)
            case KeyValues(items):
                pairs = (
                    f"<dt>{_breakable(key)}</dt><dd>{escape(value)}</dd>" for key, value in items
                )
                yield f"<dl>{''.join(pairs)}</dl>"
            case Plot():
                yield _plot(block, figures)
            case PlotGrid(plots):
                yield f'<div class="plots">{_blocks(plots, figures)}</div>'
            case Drawing(svg):
                yield f'<div class="drawing">{svg}</div>'
            case Cards(cards):
                yield f'<div class="cards">{"".join(_card(card, figures) for card in cards)}</div>'
            case Collapsible(title, inner):
                summary = f"<summary>{escape(title)}</summary>"
                yield f"<details>{summary}\n{_blocks(inner, figures)}</details>"


def _breakable(name: str) -> str:
    """A name that a narrow screen breaks after a slash."""
    return escape(name).replace("/", "/<wbr>")


def _paragraph(block: Text) -> str:
    prefix = "<strong>Warning:</strong> " if block.kind in {"warning", "alarm"} else ""
    return f'<p class="{block.kind}">{prefix}{escape(block.text)}</p>'


def _card(card: Card, figures: Figures) -> str:
    title = f"<p><strong>{escape(card.title)}</strong></p>"
    return f"<article>{title}\n{_blocks(card.blocks, figures)}</article>\n"


def _plot(plot: Plot, figures: Figures) -> str:
    figures[plot.name] = plot.figure
    caption = f"<strong>{escape(plot.title)}.</strong> {escape(plot.caption)}"
    label = escape(f"{plot.title}. {plot.caption}")
    height = f' style="height: {plot.height}px"' if plot.height else ""
    target = (
        f'<div class="plot" id="plot-{escape(plot.name)}" role="img" aria-label="{label}"{height}>'
        "</div>"
    )
    return f"<figure><figcaption>{caption}</figcaption>{target}</figure>"


def _table(block: Table) -> str:
    head = "".join(_heading_cell(block, column) for column in range(len(block.head)))
    rows = "\n".join(
        "<tr>" + "".join(_cell(block, column, plain(cell)) for column, cell in enumerate(row))
        + "</tr>"
        for row in block.rows
    )  # fmt: skip
    name = f' id="{block.sort_id}" {_SORTABLE}' if block.sort_id else ""
    title = f"<h3>{escape(block.title)}</h3>\n" if block.title else ""
    label = escape(block.title or "Table")
    return (
        f"{title}{_filter(block.sort_id) if block.sort_id else ''}"
        f'<div class="wide" tabindex="0" role="group" aria-label="{label}">'
        f"<table{name}><thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table></div>\n"
    )


def _heading_cell(block: Table, column: int) -> str:
    text = escape(block.head[column])
    if block.sort_id and text:
        text = f'<button type="button">{text}</button>'
    return f'<th scope="col"{_text_class(block, column)}>{text}</th>'


def _cell(block: Table, column: int, text: str) -> str:
    return f"<td{_text_class(block, column)}>{escape(text)}</td>"


def _text_class(block: Table, column: int) -> str:
    return ' class="text"' if block.is_text(column) else ""


def _filter(table_id: str) -> str:
    return (
        f'<p class="filter">Click a heading to sort the rows by its column.'
        f' <label for="{table_id}-filter">Show rows that contain</label>'
        f' <input id="{table_id}-filter" type="search" autocomplete="off" spellcheck="false">'
        f' <output for="{table_id}-filter" aria-live="polite"></output></p>\n'
    )

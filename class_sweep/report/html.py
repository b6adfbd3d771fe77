"""Blocks of a report as HTML."""

from collections.abc import Collection, Iterable, Sequence
from html import escape
from typing import Any

from class_sweep.report.blocks import Block, Chapter, Code, More, Plot, Plots, Table, Text
from class_sweep.report.page import SORTABLE, page, plot


def document(title: str, head: Sequence[Block], chapters: Sequence[Chapter]) -> str:
    """A whole page: heading, contents, chapters."""
    figures: dict[str, Any] = {}
    contents = " · ".join(f'<a href="#{c.name}">{escape(c.title)}</a>' for c in chapters)
    body = [f"<h1>{escape(title)}</h1>", _blocks(head, figures)]
    if len(chapters) > 1:
        body.append(f'<nav aria-label="Contents" class="quiet">{contents}</nav>')
    for chapter in chapters:
        inside = _blocks(chapter.blocks, figures)
        heading = f"<h2>{escape(chapter.title)}</h2>"
        body.append(f'<section id="{chapter.name}">{heading}\n{inside}</section>')
    return page(title, "\n".join(body), figures)


def quiet(text: str) -> str:
    """An aside."""
    return f'<p class="quiet">{escape(text)}</p>\n'


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    words: Collection[int] = (),
    tool: str | None = None,
) -> str:
    """A table of numbers, but for the first column and those of words; see `blocks.Table`."""

    def cell(tag: str, column: int, text: str) -> str:
        kind = ' class="words"' if column == 0 or column in words else ""
        inside = escape(text)
        if tag == "th":
            inside = f'<button type="button">{inside}</button>' if tool and text else inside
            return f'<th scope="col"{kind}>{inside}</th>'
        return f"<{tag}{kind}>{inside}</{tag}>"

    def line(tag: str, cells: Iterable[str]) -> str:
        return "<tr>" + "".join(cell(tag, i, text) for i, text in enumerate(cells)) + "</tr>"

    body = "\n".join(line("td", row) for row in rows)
    name = f' id="{tool}" {SORTABLE}' if tool else ""
    return (
        f"{_filter(tool) if tool else ''}"
        f'<div class="wide" tabindex="0" role="group" aria-label="Table">'
        f"<table{name}><thead>{line('th', head)}</thead>\n<tbody>{body}</tbody></table></div>\n"
    )


def _filter(tool: str) -> str:
    return (
        f'<p class="filter">A heading sorts by its column.'
        f' <label for="{tool}-filter">Show rows with</label>'
        f' <input id="{tool}-filter" type="search" autocomplete="off" spellcheck="false">'
        f' <output for="{tool}-filter" aria-live="polite"></output></p>\n'
    )


def _blocks(blocks: Sequence[Block], figures: dict[str, Any]) -> str:
    """Blocks in their order; the plots among them leave their figures in `figures`."""
    return "\n".join(_block(one, figures) for one in blocks)


def _block(block: Block, figures: dict[str, Any]) -> str:
    match block:
        case Text(text, kind):
            return f'<p class="{kind}">{escape(text)}</p>'
        case Code(text):
            return f"<pre><code>{escape(text)}</code></pre>"
        case Table(head, rows, words, tool):
            return table(head, rows, words=words, tool=tool)
        case More(title, blocks):
            inside = _blocks(blocks, figures)
            return f"<details><summary>{escape(title)}</summary>\n{inside}</details>"
        case Plots(plots):
            return f'<div class="plots">{_blocks(plots, figures)}</div>'
        case Plot():
            return _plot(block, figures)


def _plot(one: Plot, figures: dict[str, Any]) -> str:
    figures[one.name] = one.figure
    words = f"<strong>{escape(one.title)}.</strong> {escape(one.says)}"
    drawn = plot(one.name, f"{one.title}. {one.says}", one.height)
    return f"<figure><figcaption>{words}</figcaption>{drawn}</figure>"

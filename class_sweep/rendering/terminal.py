"""Blocks on a terminal: text and tables. Plots, drawings, cards and details are left to pages."""

import textwrap
from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text as RichText

from class_sweep.rendering.blocks import (
    Block,
    Cell,
    Chapter,
    Code,
    Heading,
    KeyValues,
    Styled,
    Table,
    Text,
    plain,
)

_INDENT = 2  # columns by which the content of a chapter is indented
_MIN_VALUE_WIDTH = 20  # columns: values of a key-value list are not wrapped more narrowly
_TEXT_STYLES = {
    "plain": "",
    "finding": "bold",
    "note": "dim",
    "warning": "",
    "alarm": "bold red",
}
_TONES = {"good": "green", "active": "cyan", "idle": "blue", "caution": "yellow", "bad": "red"}


def print_blocks(console: Console, blocks: Sequence[Block], indent: int = 0) -> None:
    """Print blocks, indented by a number of columns.

    Paragraphs are not wrapped, so that paths and commands can be copied.
    """
    for renderable in _renderables(blocks, console.width, indent):
        console.print(renderable, soft_wrap=isinstance(renderable, RichText))


def print_chapters(console: Console, chapters: Sequence[Chapter]) -> None:
    """Print chapters: a title each, and the indented blocks."""
    for chapter in chapters:
        console.print(RichText(f"\n{chapter.title}", "bold"), soft_wrap=True)
        print_blocks(console, chapter.blocks, _INDENT)


def live_blocks(console: Console, blocks: Sequence[Block]) -> RenderableType:
    """Blocks as one element that `rich.live.Live` can update."""
    return Group(*_renderables(blocks, console.width, 0))


def _renderables(blocks: Sequence[Block], width: int, indent: int) -> Iterator[RenderableType]:
    """Rich elements for the blocks that a terminal can show; `RichText` for lines of text."""
    margin = " " * indent
    for block in blocks:
        match block:
            case Text():
                yield _paragraph(block, margin)
            case Heading(text):
                yield RichText(f"\n{margin}{text}", "bold")
            case Code(text):
                yield RichText(textwrap.indent(text.rstrip("\n"), margin), "green")
            case KeyValues(items):
                yield from _key_values(items, width, margin)
            case Table():
                if block.title:
                    yield RichText(f"\n{margin}{block.title}", "italic")
                yield Padding(_table(block), (0, 0, 0, indent), expand=False)
            case _:
                pass


def _paragraph(block: Text, margin: str) -> RichText:
    line = RichText(margin)
    if block.kind == "warning":
        line.append("warning: ", "yellow")
    return line.append(block.text, _TEXT_STYLES[block.kind])


def _key_values(items: Sequence[tuple[str, str]], width: int, margin: str) -> Iterator[RichText]:
    """A line for each pair; long values are wrapped and aligned, long words are kept whole."""
    key_width = max((cell_len(key) for key, _ in items), default=0)
    hanging = len(margin) + key_width + 2
    for key, value in items:
        wrapped = textwrap.wrap(
            value,
            max(_MIN_VALUE_WIDTH, width - hanging),
            break_long_words=False,
            break_on_hyphens=False,
        )
        gap = " " * (key_width - cell_len(key) + 2)
        line = RichText(margin).append(key, "bold").append(gap)
        yield line.append(("\n" + " " * hanging).join(wrapped))


def _table(block: Table) -> RichTable:
    table = RichTable(box=None, pad_edge=False, show_header=any(block.head))
    for column, name in enumerate(block.head):
        if block.is_text(column):
            table.add_column(RichText(name), justify="left", overflow="fold")
            continue
        # Where the terminal is narrow the headings are wrapped, but never the numbers.
        contents = [*name.split(), *(plain(row[column]) for row in block.rows)]
        widest = max(map(cell_len, contents), default=0)
        table.add_column(RichText(name), justify="right", min_width=widest)
    for row in block.rows:
        table.add_row(*(_cell(cell, block, column) for column, cell in enumerate(row)))
    return table


def _cell(cell: Cell, block: Table, column: int) -> RichText:
    style = _TONES[cell.tone] if isinstance(cell, Styled) else ""
    if block.is_text(column) and not block.one_line:
        return RichText(plain(cell), style)
    return RichText(plain(cell), style, no_wrap=True, overflow="ellipsis")

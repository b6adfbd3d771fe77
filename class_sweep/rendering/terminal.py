"""Blocks on a terminal: text and tables. Plots, drawings, cards and details are left to pages."""

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import Literal

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
_COLUMN_GAP = 2  # columns of the terminal between two columns of a table
_MIN_VALUE_WIDTH = 20  # columns: values of a key-value list are not wrapped more narrowly
_TEXT_STYLES = {
    "plain": "",
    "finding": "bold",
    "note": "dim",
    "warning": "",
    "alarm": "bold red",
}
# Control characters move the cursor or hide text; bidirectional marks show it in another order.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_TONES = {"good": "green", "active": "cyan", "idle": "blue", "caution": "yellow", "bad": "red"}


def make_console(*, stderr: bool = False) -> Console:
    """The console of a command. It prints text as it is: no part of a text is markup.

    In a notebook, which is no terminal, it prints lines.
    """
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False, force_jupyter=False)


def visible(text: str) -> str:
    """A text whose control characters are escaped; newlines and tabs stay."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def print_error(console: Console, message: str) -> None:
    """Print the message with which a command ends."""
    line = RichText("error: ", "bold red").append(visible(message), "not bold default")
    console.print(line, soft_wrap=True)


def print_blocks(console: Console, blocks: Sequence[Block], indent: int = 0) -> None:
    """Print blocks, indented by a number of columns.

    Paragraphs are not wrapped, so that paths and commands can be copied.
    """
    for renderable in _renderables(blocks, console.width, indent):
        console.print(renderable, soft_wrap=isinstance(renderable, RichText))


def print_chapters(console: Console, chapters: Sequence[Chapter]) -> None:
    """Print chapters: a title each, and the indented blocks."""
    for chapter in chapters:
        console.print(_rich(f"\n{chapter.title}", "bold"), soft_wrap=True)
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
                yield _rich(f"\n{margin}{text}", "bold")
            case Code(text):
                yield _rich(textwrap.indent(text.rstrip("\n"), margin), "green")
            case KeyValues(items):
                yield from _key_values(items, width, margin)
            case Table():
                if block.title:
                    yield _rich(f"\n{margin}{block.title}", "italic")
                yield Padding(_table(block, width - indent), (0, 0, 0, indent), expand=False)
            case _:
                pass


def _rich(text: str, style: str = "") -> RichText:
    return RichText(visible(text), style)


def _paragraph(block: Text, margin: str) -> RichText:
    line = RichText(margin)
    if block.kind == "warning":
        line.append("warning: ", "yellow")
    return line.append(visible(block.text), _TEXT_STYLES[block.kind])


def _key_values(items: Sequence[tuple[str, str]], width: int, margin: str) -> Iterator[RichText]:
    """A line for each pair; long values are wrapped and aligned, long words are kept whole."""
    items = [(visible(key), visible(value)) for key, value in items]
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


def _table(block: Table, width: int) -> RichTable:
    table = RichTable(box=None, pad_edge=False, show_header=any(block.head))
    only_text = all(map(block.is_text, range(len(block.head))))
    for column, (name, limit) in enumerate(zip(block.head, _limits(block, width), strict=True)):
        if block.is_text(column) and not block.cut_columns:
            whole = column == 0 and limit <= width // 3 and only_text  # a name of a setting
            table.add_column(_rich(name), no_wrap=whole, overflow="fold")
        else:
            justify: Literal["left", "right"] = "left" if block.is_text(column) else "right"
            most = limit if block.cut_columns else None  # else a heading takes the cut text's room
            table.add_column(
                _rich(name), justify=justify, min_width=limit, max_width=most, overflow="fold"
            )
    for row in block.rows:
        table.add_row(*(_cell(cell, block, column) for column, cell in enumerate(row)))
    return table


def _limits(block: Table, width: int) -> list[int]:
    """The width of each column at its longest content; `cut_columns` share what the others leave.

    Where the terminal is narrow, headings are wrapped between words, but numbers never.
    """
    limits = [
        max(
            cell_len(visible(t))
            for t in [*name.split(), *(plain(r[column]) for r in block.rows), ""]
        )
        for column, name in enumerate(block.head)
    ]
    cut = sorted(block.cut_columns, key=limits.__getitem__)
    whole = sum(limit for column, limit in enumerate(limits) if column not in block.cut_columns)
    room = width - whole - _COLUMN_GAP * (len(limits) - 1)
    for left, column in zip(range(len(cut), 0, -1), cut, strict=True):
        limits[column] = max(1, min(limits[column], room // left))
        room -= limits[column]
    return limits


def _cell(cell: Cell, block: Table, column: int) -> RichText:
    text = _rich(plain(cell), _TONES[cell.tone] if isinstance(cell, Styled) else "")
    if block.cut_columns or not block.is_text(column):
        text.no_wrap, text.overflow = True, "ellipsis"
    return text

"""Blocks of a report on a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text as RichText

from class_sweep.report.blocks import Chapter, Table, Text

_STYLES = {"finding": "bold", "warning": "yellow", "quiet": "dim", "plain": ""}


def print_chapters(console: Console, chapters: Sequence[Chapter]) -> None:
    """Print the paragraphs and tables of chapters; what else they hold is for a page."""
    for chapter in chapters:
        console.print(RichText(f"\n{chapter.title}", "bold"))
        for block in chapter.blocks:
            if isinstance(block, Text):
                console.print(RichText(block.text, _STYLES[block.kind]))
            elif isinstance(block, Table):
                console.print(_table(block))


def _table(block: Table) -> RichTable:
    table = RichTable(box=None, pad_edge=False)
    for column, name in enumerate(block.head):
        left = column == 0 or column in block.words
        table.add_column(RichText(name), justify="left" if left else "right")
    for row in block.rows:
        table.add_row(*(RichText(cell) for cell in row))
    return table

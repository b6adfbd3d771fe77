"""The parts of a report, independent of the medium: HTML, Markdown or a terminal.

Facts become blocks, and `class_sweep.rendering` turns blocks into output. All text in a
block is plain text: a renderer escapes it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Text:
    """A paragraph.

    Attributes:
        text: Plain text.
        kind: `finding` is a main result, `note` an aside, `warning` a reason for caution, and
            `alarm` a reason not to use the results.
    """

    text: str
    kind: Literal["plain", "finding", "note", "warning", "alarm"] = "plain"


@dataclass(frozen=True)
class Heading:
    """A heading within a chapter."""

    text: str


@dataclass(frozen=True)
class Code:
    """Text to copy, such as a command or a file's content.

    Attributes:
        text: The text.
        language: The language of the text, for syntax colours in Markdown.
    """

    text: str
    language: str = ""


@dataclass(frozen=True)
class Styled:
    """A table cell that a terminal shows in colour. The text alone carries the meaning."""

    text: str
    tone: Literal["good", "active", "idle", "caution", "bad"]


Cell = str | Styled


@dataclass(frozen=True)
class Table:
    """A table whose first column names the rows.

    Attributes:
        head: A name for each column.
        rows: The cells of each row, formatted.
        text_columns: Positions of the text columns beside the first column. Text is aligned left;
            the other columns hold numbers, which are aligned right and never broken.
        title: A title above the table.
        sort_id: An identifier for a table that a reader of the page can sort and filter.
        cut_columns: Positions of the text columns that a narrow terminal cuts, so that each row
            takes one line and the other columns stay whole. Without any, text is wrapped.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    text_columns: Collection[int] = ()
    title: str | None = None
    sort_id: str | None = None
    cut_columns: Collection[int] = ()

    def is_text(self, column: int) -> bool:
        """Whether a column holds text."""
        return column == 0 or column in self.text_columns


@dataclass(frozen=True)
class KeyValues:
    """Names with their values, one pair a line."""

    items: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Plot:
    """A Plotly figure. Pages alone show it.

    Attributes:
        name: A name that is unique in the report.
        title: What the figure shows.
        caption: How to read the figure.
        figure: Plotly's `data` and `layout`.
        height: Height in pixels, where the default does not fit.
    """

    name: str
    title: str
    caption: str
    figure: Mapping[str, Any]
    height: int | None = None


@dataclass(frozen=True)
class PlotGrid:
    """Small plots side by side."""

    plots: Sequence[Plot]


@dataclass(frozen=True)
class Drawing:
    """A drawing. Pages alone show it.

    Attributes:
        svg: A trusted SVG element: a page contains it unescaped.
    """

    svg: str


@dataclass(frozen=True)
class Card:
    """A box with a title, for one item of several."""

    title: str
    blocks: Sequence["Block"]


@dataclass(frozen=True)
class Cards:
    """Cards side by side. A terminal does not show them."""

    cards: Sequence[Card]


@dataclass(frozen=True)
class Collapsible:
    """Details that a page shows on request. A terminal does not show them."""

    title: str
    blocks: Sequence["Block"]


Block = (
    Text | Heading | Code | Table | KeyValues | Plot | PlotGrid | Drawing | Cards | Collapsible
)  # fmt: skip


@dataclass(frozen=True)
class Chapter:
    """A titled part of a report.

    Attributes:
        name: The anchor on a page.
        title: The heading.
        blocks: The blocks in reading order.
    """

    name: str
    title: str
    blocks: Sequence[Block]


def plain(cell: Cell) -> str:
    """The text of a cell."""
    return cell.text if isinstance(cell, Styled) else cell

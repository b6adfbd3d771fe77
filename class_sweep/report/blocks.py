"""What a report is made of, whatever it is written as: HTML, Markdown or a terminal's tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Text:
    """A paragraph.

    Attributes:
        text: Its plain text.
        kind: `finding` is what a reader came for, `quiet` is an aside.
    """

    text: str
    kind: Literal["plain", "finding", "warning", "quiet"] = "plain"


@dataclass(frozen=True)
class Code:
    """Text to be copied as it is."""

    text: str


@dataclass(frozen=True)
class Table:
    """A table; its first column names the rows.

    Attributes:
        head: A name for each column.
        rows: Cells as they are shown.
        words: Columns of words beside the first one; the others hold numbers.
        tool: A name where a reader may sort and filter the rows.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: frozenset[int] = frozenset()
    tool: str | None = None


@dataclass(frozen=True)
class Plot:
    """A figure of Plotly's.

    Attributes:
        name: Unique in the report.
        title: What is drawn.
        says: What to read from it, in a sentence.
        figure: Its `data` and `layout`.
        height: In pixels, where the usual one is too low or too high.
    """

    name: str
    title: str
    says: str
    figure: dict[str, Any]
    height: int | None = None


@dataclass(frozen=True)
class Plots:
    """Small plots beside each other."""

    plots: Sequence[Plot]


@dataclass(frozen=True)
class More:
    """What is shown when it is asked for."""

    title: str
    blocks: Sequence["Block"]


Block = Text | Code | Table | Plot | Plots | More


@dataclass(frozen=True)
class Chapter:
    """A part of a report.

    Attributes:
        name: Its anchor.
        title: Its heading.
        blocks: In the order in which they are read.
    """

    name: str
    title: str
    blocks: Sequence[Block] = field(default_factory=tuple)

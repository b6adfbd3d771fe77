"""Blocks as Markdown: the facts of a page, without its plots and drawings."""

from collections.abc import Iterable, Iterator, Sequence

from class_sweep.rendering.blocks import (
    Block,
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


def markdown(title: str, head: Sequence[Block], chapters: Sequence[Chapter]) -> str:
    """A whole document: the title, the blocks below the title, and the chapters."""
    parts = [f"# {_escape(title)}", *_blocks(head)]
    for chapter in chapters:
        parts += [f"## {_escape(chapter.title)}", *_blocks(chapter.blocks)]
    return "\n\n".join(parts) + "\n"


def _blocks(blocks: Sequence[Block]) -> Iterator[str]:
    """The paragraphs of Markdown that blocks become."""
    for block in blocks:
        match block:
            case Text():
                yield _paragraph(block)
            case Heading(text):
                yield f"### {_escape(text)}"
            case Code(text, language):
                fence = "```" if "```" not in text else "~~~~"
                yield f"{fence}{language}\n{text.rstrip()}\n{fence}"
            case Table():
                yield from _table(block)
            case KeyValues(items):
                yield "\n".join(f"- **{_escape(key)}**: {_escape(value)}" for key, value in items)
            case Cards(cards):
                for card in cards:
                    yield f"**{_escape(card.title)}**"
                    yield from _blocks(card.blocks)
            case Collapsible(title, inner):
                yield f"### {_escape(title)}"
                yield from _blocks(inner)
            case Plot() | PlotGrid() | Drawing():
                pass


def _paragraph(block: Text) -> str:
    text = _escape(block.text)
    match block.kind:
        case "finding":
            return f"**{text}**"
        case "warning" | "alarm":
            return f"> **Warning:** {text}"
        case _:
            return text


def _table(block: Table) -> Iterator[str]:
    if block.title:
        yield f"**{_escape(block.title)}**"
    rule = [":--" if block.is_text(column) else "--:" for column in range(len(block.head))]
    rows = (_line(_cell(plain(cell)) for cell in row) for row in block.rows)
    yield "\n".join([_line(map(_cell, block.head)), _line(rule), *rows])


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(text: str) -> str:
    return _escape(text).replace("|", "\\|")


def _escape(text: str) -> str:
    """Text on one line, with the characters escaped that Markdown interprets."""
    joined = " ".join(text.split())
    for sign in ("\\", "*", "_", "<", "`", "["):
        joined = joined.replace(sign, "\\" + sign)
    return joined

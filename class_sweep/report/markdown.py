"""Blocks of a report as Markdown: the same facts, with tables where the page has plots."""

from collections.abc import Iterator, Sequence

from class_sweep.report.blocks import Block, Chapter, Code, More, Plot, Plots, Table, Text


def markdown(title: str, head: Sequence[Block], chapters: Sequence[Chapter]) -> str:
    """A whole document."""
    parts = [f"# {_plain(title)}", *(text for one in head for text in _block(one))]
    for chapter in chapters:
        parts.append(f"## {_plain(chapter.title)}")
        parts += [text for one in chapter.blocks for text in _block(one)]
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Text(text, "finding"):
            yield f"**{_plain(text)}**"
        case Text(text, "warning"):
            yield f"> **Warning:** {_plain(text)}"
        case Text(text):
            yield _plain(text)
        case Code(text):
            fence = "```" if "```" not in text else "~~~~"
            yield f"{fence}\n{text.rstrip()}\n{fence}"
        case Table(head, rows, words):
            yield _table(head, rows, words)
        case More(title, blocks):
            yield f"### {_plain(title)}"
            for one in blocks:
                yield from _block(one)
        case Plot() | Plots():
            pass


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], words: frozenset[int]) -> str:
    rule = [":--" if i == 0 or i in words else "--:" for i in range(len(head))]
    lines = [_line(map(_cell, head)), _line(rule), *(_line(map(_cell, row)) for row in rows)]
    return "\n".join(lines)


def _line(cells: "Sequence[str] | map[str]") -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(text: str) -> str:
    return _plain(text).replace("|", "\\|")


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, in one line."""
    joined = " ".join(text.split())
    for sign in ("\\", "*", "_", "<", "`", "["):
        joined = joined.replace(sign, "\\" + sign)
    return joined

"""Markdown for the generated pages: tables and docstrings."""

import inspect
import re
from collections.abc import Iterable, Sequence

_SECTION = re.compile(r"^(Args|Attributes|Returns|Yields|Raises|Example|Examples|Source):$")
_TITLES = {"Args": "Arguments", "Examples": "Example"}


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a pipe inside a cell is escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in lines
    )


def docstring(owner: object) -> str:
    """The docstring of an object in Google style, as Markdown.

    Raises:
        ValueError: If the object has no docstring.
    """
    text = inspect.getdoc(owner)
    if not text:
        raise ValueError(f"every public name must have a docstring, got none: {owner!r}")
    lines: list[str] = []
    section = ""
    for line in text.splitlines():
        if found := _SECTION.match(line):
            section = found[1]
            lines += [f"**{_TITLES.get(section, section)}**", ""]
        elif section in ("Args", "Attributes", "Raises") and line.strip():
            lines.append(_entry(line))
        elif section and line.startswith("    "):
            lines.append(line[4:])
        else:
            section = section if not line.strip() else ""
            lines.append(line)
    return "\n".join(lines)


def _entry(line: str) -> str:
    """A line of an argument list: the first of an entry becomes a list item."""
    if line.startswith("     "):
        return f"  {line.strip()}"
    name, _, rest = line.strip().partition(": ")
    return f"- `{name}`: {rest}"


def attributes(owner: object) -> dict[str, str]:
    """The attributes that a docstring describes, by name."""
    text = inspect.getdoc(owner) or ""
    section = re.search(r"^Attributes:\n((?:    .*\n?|\n)+)", text, re.MULTILINE)
    found: dict[str, str] = {}
    name = ""
    for line in section[1].splitlines() if section else []:
        if line.startswith("     "):
            found[name] += f" {line.strip()}"
        elif line.strip():
            name, _, meaning = line.strip().partition(": ")
            found[name] = meaning
    return found

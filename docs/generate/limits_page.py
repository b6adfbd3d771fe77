"""The reference of the bounds on input, from the module that holds them."""

import ast
import inspect
import re

from markup import table

from class_sweep.base import limits

_HEAD = """\
# Bounds on input

A file that others hand you must not use up the memory, run for ever, or end the process. So every
input has a bound that no real use reaches. A file or a setting beyond its bound is one error with
exit code 2, and nothing is written. A molecule beyond its bound is dropped and named, as every
molecule that RDKit cannot read.

Only regular files are read. A device, a pipe, a socket or a folder instead of a file is an error.
This page is generated from `class_sweep/base/limits.py`.
"""
_TITLE = re.compile(r"^# --- (.+?) -+$", re.MULTILINE)


def bounds() -> dict[str, list[tuple[str, str]]]:
    """Section to its bounds: name, and what it counts."""
    source = inspect.getsource(limits)
    found: dict[str, list[tuple[str, str]]] = {}
    for title, body in zip(*[iter(_TITLE.split(source)[1:])] * 2, strict=True):
        statements = ast.parse(body).body
        pairs = zip(statements[::2], statements[1::2], strict=True)
        found[title] = [
            (assigned.targets[0].id, inspect.cleandoc(meaning.value.value))
            for assigned, meaning in pairs
        ]
    return found


def render() -> str:
    """The page."""
    parts = [_HEAD]
    for title, rows in bounds().items():
        cells = [
            [f"`{name}`", f"{getattr(limits, name):,}", " ".join(meaning.split())]
            for name, meaning in rows
        ]
        parts += [f"## {title.capitalize()}\n", table(["bound", "value", "meaning"], cells), ""]
    return "\n".join(parts)

"""What counts as text: the characters that no input may hold, and how a value is shown."""

import re

_BYTE = re.compile("[\udc80-\udcff]")  # a byte that is no UTF-8, under `surrogateescape`
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")  # white space is text
_COMMA = re.compile(r"\s*([+-]?)(\d+),(\d+)((?:[eE][+-]?\d+)?)\s*")
_SHOWN = 80  # characters of a value in a message


def undecodable_byte(text: str) -> int | None:
    """The first byte of a text, decoded with `surrogateescape`, that was no UTF-8."""
    found = None if text.isascii() else _BYTE.search(text)
    return ord(found.group()) - 0xDC00 if found else None


def refused_character(text: str) -> str | None:
    """The first character that is no text, in words for a message; None if there is none.

    Control characters other than white space and unpaired surrogates can be neither stored, nor
    shown, nor hashed everywhere.
    """
    found = _NO_TEXT.search(text)
    if found is None:
        return None
    kind = "control character" if found.group() < "\ud800" else "lone surrogate"
    return f"the {kind} {found.group()!r}"


def without_comma(text: object) -> str | None:
    """How to write a number that has a comma: 0.4 for `0,4`; None for another value.

    `26,407` may be a whole number as well, so it is told in both ways.
    """
    found = _COMMA.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    sign, whole, decimals, exponent = found.groups()
    point = f"{sign}{whole}.{decimals}{exponent}"
    is_group = len(decimals) == 3 and not whole.startswith("0") and not exponent
    return f"{sign}{whole}{decimals}, or {point}" if is_group else point


def shortened(value: object) -> str:
    """A value as Python writes it, cut to a length that a message can hold."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"

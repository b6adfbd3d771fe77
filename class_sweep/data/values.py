"""The rules for the cells of a table, names and queries: what a value is, and what a number is."""

import math

from class_sweep.base.limits import MAX_TEXT
from class_sweep.base.text import refused_character, shortened
from class_sweep.errors import DataError


def text_of(value: object, what: str, place: str) -> str:
    """A value as text without outer white space; empty if there is none.

    There is no value where a reader gives None or NaN, or where the text is blank. The words `NA`,
    `nan` and `null` in a text are values: NA is sodium, and nan a name.

    Args:
        value: What a reader gives for a cell.
        what: The name of the column, or of what is read, for messages.
        place: The `file:line`, for messages.

    Raises:
        DataError: If the value is neither text nor a finite number, is too long, or holds a
            character that is no text.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    number = (
        isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf
    )
    if not (number or isinstance(value, str)):
        raise DataError(
            f"a value must be text or a number, got {shortened(value)} in {what} at {place}"
        )
    text = str(value).strip()
    if len(text) > MAX_TEXT:
        raise DataError(
            f"a value must have at most {MAX_TEXT:,} characters, got {len(text):,} in {what}"
            f" at {place}"
        )
    if found := refused_character(text):
        raise DataError(f"a value must be text, got {found} in {what} at {place}")
    return text


def number_of(value: object, what: str, place: str) -> float | None:
    """A value as a number; None if there is no value, as for `text_of`.

    Args:
        value: What a reader gives for a cell.
        what: The name of the column, for messages.
        place: The `file:line`, for messages.

    Raises:
        DataError: If the value is not a finite number.
    """
    if isinstance(value, str) or value is None or value != value:  # noqa: PLR0124 - NaN
        value = text_of(value, what, place)
        if not value:
            return None
    # Python would read 1_000 as a number, and true as 1.
    refused = isinstance(value, bool) or (isinstance(value, str) and "_" in value)
    try:
        number = math.nan if refused else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise DataError(f"a number must be finite, got {shortened(value)} in {what} at {place}")
    return number

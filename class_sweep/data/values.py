"""The one rule for whether a cell of a table, a name or a query holds a value."""

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

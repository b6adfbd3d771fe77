"""The consent to read pickles, which run the code that they carry.

It is given on the command line or by a Python caller. A file cannot give it: whoever wrote the path
of a pickle into a space may have written the pickle too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_allowed = ContextVar("pickles may be read", default=False)


@contextmanager
def pickles_allowed(allowed: bool) -> Iterator[None]:
    """Allow or refuse pickles for the encoders that are fitted in a block.

    Args:
        allowed: Whether the user has allowed them.
    """
    token = _allowed.set(allowed)
    try:
        yield
    finally:
        _allowed.reset(token)


def are_pickles_allowed() -> bool:
    """Whether the user has allowed pickles."""
    return _allowed.get()

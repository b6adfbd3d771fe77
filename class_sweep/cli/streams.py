"""Standard output and standard error of a command: of any encoding, closed, full or missing.

Nothing that happens to a stream ends a sweep. Characters that its encoding lacks are replaced. When
the reader of a pipe goes away, the rest of the output is discarded.
"""

import codecs
import errno
import io
import json
import os
import sys
from typing import TextIO

from class_sweep.errors import OutputError

# A closed pipe or socket, a terminal that was hung up.
_READER_IS_GONE = {errno.EPIPE, errno.ECONNRESET, errno.EIO}

_READABLE = {
    "−": "-", "–": "-", "…": "...", "·": "*", "×": "x", "±": "+/-", "≤": "<=", "≥": ">=",
    "½": "1/2", "α": "alpha", "β": "beta", "γ": "gamma", "λ": "lambda", "ρ": "rho", "σ": "sigma",
}  # fmt: skip


def _replace(error: UnicodeError) -> tuple[str, int]:
    """Replace characters that an encoding lacks: those of the program readably, others by `?`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_READABLE.get(character, "?") for character in lacking), error.end


codecs.register_error("readable", _replace)


class DiscardingStream(io.TextIOWrapper):
    """A text stream that writes to /dev/null after the first write that fails.

    Attributes:
        failure: The error of the first write that failed, or None.
    """

    failure: OSError | None = None

    def write(self, text: str) -> int:
        """Write text, or discard it after a failure."""
        try:
            return super().write(text)
        except OSError as error:
            self._discard(error)
            return len(text)

    def flush(self) -> None:
        """Pass on what is buffered, or discard it after a failure."""
        try:
            super().flush()
        except OSError as error:
            self._discard(error)

    def _discard(self, error: OSError) -> None:
        self.failure = self.failure or error
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self.fileno())  # what is still buffered goes there too
        os.close(null)


def protect_streams() -> None:
    """Make standard output and standard error discard what they cannot write or encode."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:  # closed; otherwise the next file that is opened would receive the output
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is sys.__stdout__:  # a test may have replaced it
        sys.stdout = _protected(sys.stdout, 1)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _protected(sys.stderr, 2)


def print_document(text: str) -> None:
    """Print the content of a file. A pipe or file receives it complete, if need be as UTF-8."""
    stream = sys.stdout
    try:
        text.encode(stream.encoding)
    except UnicodeEncodeError:
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8")
    stream.write(text)
    stream.flush()


def print_json(tree: object) -> None:
    """Print a tree as indented JSON."""
    print_document(f"{json.dumps(tree, indent=2, ensure_ascii=False)}\n")


def reader_is_gone() -> bool:
    """Whether nobody reads standard output any more."""
    failure = _failure()
    return failure is not None and failure.errno in _READER_IS_GONE


def require_output() -> None:
    """Pass on the rest of standard output and check that all of it was taken.

    Raises:
        OutputError: If it was not, for another reason than a reader that has gone.
    """
    sys.stdout.flush()
    failure = _failure()
    if failure is not None and not reader_is_gone():
        raise OutputError(
            f"standard output must be writable, got {failure.strerror}; a part of it is lost"
        )


def _protected(stream: TextIO | None, descriptor: int) -> DiscardingStream:
    """A stream like the given one, or like one of /dev/null if there is none."""
    if not isinstance(stream, io.TextIOWrapper):
        null = open(descriptor, "wb", closefd=False)  # noqa: SIM115 - open until the end
        return DiscardingStream(null, "utf-8", "readable")
    return DiscardingStream(
        stream.buffer,
        stream.encoding,
        "readable",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _failure() -> OSError | None:
    return sys.stdout.failure if isinstance(sys.stdout, DiscardingStream) else None

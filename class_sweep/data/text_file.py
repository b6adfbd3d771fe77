"""The lines of a text file, decompressed by its suffix, each checked to be UTF-8."""

import bz2
import errno
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO

from class_sweep.base.input_files import open_input, readable_size
from class_sweep.base.limits import (
    MAX_EXPANSION,
    MAX_LINE,
    MAX_ROWS,
    MAX_TABLE_BYTES,
    MIN_EXPANDED_BYTES,
)
from class_sweep.base.text import undecodable_byte
from class_sweep.errors import DataError


def _open_zstandard(file: BinaryIO) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - it takes a fifth of a second

    return pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")


_DECOMPRESSORS: dict[str, Callable[[BinaryIO], Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".zst": _open_zstandard,
}
COMPRESSED = tuple(_DECOMPRESSORS)
_PIECE = 256 * 1024  # bytes that are decompressed at a time


def format_suffix(path: Path) -> str:
    """The suffix that names the format, in lower case: `.csv` of `a.CSV.gz`."""
    if path.suffix.lower() in _DECOMPRESSORS:
        path = path.with_suffix("")
    return path.suffix.lower()


@contextmanager
def open_lines(path: Path, what: str, *, newline: str = "") -> Iterator[Iterator[str]]:
    """The lines of a text file, each with its line end.

    Args:
        path: The file; the suffix .gz, .bz2, .xz or .zst says that it is compressed.
        what: The kind of file for messages: `a table`.
        newline: Where a line ends, as in `open`: at every kind of line end by default.

    Raises:
        DataError: If the file is not regular, not readable, not UTF-8, or beyond a bound.
    """
    try:
        with (
            open_input(path, MAX_TABLE_BYTES) as file,
            # utf-8-sig drops the byte order mark of Excel.
            io.TextIOWrapper(
                _decompressed(file, path),
                encoding="utf-8-sig",
                errors="surrogateescape",
                newline=newline,
            ) as text,
        ):
            yield _lines(text, path, what)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{what} must be a readable file, got {path}: {reason}") from error


def _decompressed(file: BinaryIO, path: Path) -> IO[bytes]:
    decompressor = _DECOMPRESSORS.get(path.suffix.lower())
    if decompressor is None:
        return file
    limit = max(MIN_EXPANDED_BYTES, MAX_EXPANSION * path.stat().st_size)
    bounded = _Bounded(decompressor(file), min(limit, MAX_TABLE_BYTES))
    return io.BufferedReader(bounded, _PIECE)


class _Bounded(io.RawIOBase):
    """A decompressed stream that may have so many bytes and no more."""

    def __init__(self, source: IO[bytes], limit: int) -> None:
        self._source, self._limit, self._read = source, limit, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._source.read(len(buffer))
        self._read += len(data)
        if self._read > self._limit:
            raise OSError(
                errno.EFBIG,
                f"it must have at most {readable_size(self._limit)} decompressed,"
                f" {MAX_EXPANSION} times its size",
            )
        buffer[: len(data)] = data
        return len(data)


def _lines(file: io.TextIOWrapper, path: Path, what: str) -> Iterator[str]:
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise DataError(
                f"a line must have at most {MAX_LINE:,} characters, got more at {path}:{number}"
            )
        if number > MAX_ROWS:
            raise DataError(f"{what} must have at most {MAX_ROWS:,} lines, got more: {path}")
        if (byte := undecodable_byte(line)) is not None:
            raise DataError(
                f"{what} must be UTF-8, got the byte 0x{byte:02x}{_meant(byte, number)}"
                f" at {path}:{number}"
            )
        yield line


def _meant(byte: int, number: int) -> str:
    """The other encoding that a byte hints at, and how to convert the file."""
    if number == 1 and byte in (0xFE, 0xFF):
        return "; for a file in UTF-16, run iconv -f UTF-16 -t UTF-8 OLD > NEW"
    character = bytes([byte]).decode("cp1252", errors="ignore")
    if not character:
        return ""
    return (
        f" ({character!r} in Windows-1252; for such a file, run"
        " iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW)"
    )

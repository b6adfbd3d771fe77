"""One hash for whatever decides a result: settings, texts, arrays, files."""

import hashlib
import struct
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from pydantic import BaseModel

_CHUNK = 1 << 20  # bytes read at a time


class _Hash(Protocol):
    def update(self, data: Any, /) -> None: ...


def fingerprint(*parts: object) -> str:
    """SHA-256 over a canonical encoding of its arguments, as 64 hexadecimal digits.

    Every value is preceded by its type and its length, so neither ("ab", "c") and ("a", "bc") nor
    1, 1.0, True and "1" meet. A mapping's order doesn't count; a list and a tuple are alike.

    Args:
        parts: None, bool, int, float, str, bytes, paths, pydantic models, numpy scalars and arrays
            (of any type but object), and lists, tuples and string-keyed mappings of these.

    Raises:
        TypeError: For anything else: its encoding would not be stable.
    """
    digest = hashlib.sha256()
    _update(digest, parts)
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits.

    Raises:
        OSError: If the file cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def library_versions(*names: str) -> dict[str, str]:
    """The installed version of each distribution, found without importing it."""
    return {name: version(name) for name in names}


def _update(digest: _Hash, part: object) -> None:
    if isinstance(part, np.generic):
        part = part.item()
    if isinstance(part, BaseModel):
        part = part.model_dump()
    if isinstance(part, Mapping):
        if not all(isinstance(key, str) for key in part):
            raise TypeError(f"a fingerprint takes mappings with string keys, got {list(part)!r}")
        digest.update(b"d%d:" % len(part))
        for key in sorted(part):
            _update(digest, key)
            _update(digest, part[key])
    elif isinstance(part, list | tuple):
        digest.update(b"l%d:" % len(part))
        for item in part:
            _update(digest, item)
    elif isinstance(part, np.ndarray):
        _update_array(digest, part)
    else:
        tag, data = _scalar(part)
        digest.update(b"%b%d:%b" % (tag, len(data), data))


def _update_array(digest: _Hash, array: np.ndarray) -> None:
    if array.dtype.hasobject:
        raise TypeError(f"a fingerprint takes arrays of plain values, got dtype {array.dtype}")
    _update(digest, ["array", array.dtype.str, list(array.shape)])
    # A flat view: hashing needs C order, and a memoryview of an empty array cannot be cast.
    digest.update(np.asarray(array, order="C").reshape(-1).view(np.uint8).data)


def _scalar(part: object) -> tuple[bytes, bytes]:
    match part:
        case None:
            encoded = b"n", b""
        case bool():
            encoded = b"b", b"%d" % part
        case int():
            encoded = b"i", b"%d" % part
        case float():
            encoded = b"f", struct.pack("<d", part)
        case str():
            encoded = b"s", part.encode("utf-8", "surrogatepass")
        case bytes():
            encoded = b"y", part
        case Path():
            encoded = b"p", bytes(part)
        case _:
            raise TypeError(f"a fingerprint takes plain values and arrays, got {type(part)}")
    return encoded

"""Hashes of settings, texts, arrays and files."""

import hashlib
import struct
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from pydantic import BaseModel

from class_sweep.base.input_files import open_input
from class_sweep.base.limits import MAX_WEIGHTS_BYTES


class _Hash(Protocol):
    def update(self, data: Any, /) -> None: ...


def fingerprint(*parts: object) -> str:
    """SHA-256 over a canonical encoding of the arguments, as 64 hexadecimal digits.

    The encoding of a value begins with its type and length, so ("ab", "c") and ("a", "bc") differ,
    and so do 1, 1.0, True and "1". The order of a mapping does not count; a list equals a tuple.

    Args:
        parts: None, bool, int, float, str, bytes, paths, pydantic models, numpy scalars and arrays
            (of any type but object), and lists, tuples and string-keyed mappings of these.

    Raises:
        TypeError: For any other value, which has no stable encoding.
    """
    digest = hashlib.sha256()
    _update(digest, parts)
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits.

    Raises:
        OSError: If the path names no regular file, or one that cannot be read.
    """
    with open_input(path, MAX_WEIGHTS_BYTES) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def arrays_checksum(arrays: Mapping[str, np.ndarray]) -> bytes:
    """SHA-256 over named arrays, in the order of their names: 32 bytes.

    Results folders hold this checksum of each difficulty index, so its encoding must not change.
    """
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name}{array.dtype}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.digest()


def library_versions(*names: str) -> dict[str, str]:
    """The installed version of each distribution, without importing it."""
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
    # A flat view, because hashing needs C order and a memoryview of an empty array has no cast.
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

"""How every input file is opened: regular files of a bounded size, and nothing else."""

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


def open_input(path: Path, max_bytes: int) -> BufferedReader:
    """Open a regular file for reading.

    A device or a pipe is refused before anything is read from it: it may never end.

    Args:
        path: The file.
        max_bytes: The largest size, bytes.

    Raises:
        OSError: If the path names no regular file, or one that is too large or not readable;
            `strerror` says which.
    """
    _require_regular(path, max_bytes, _status(path))
    # A pipe that takes the file's place meanwhile must not block, so the open file is checked too.
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        _require_regular(path, max_bytes, os.fstat(handle))
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_input(path: Path, max_bytes: int) -> bytes:
    """The bytes of a regular file.

    Raises:
        OSError: See `open_input`.
    """
    with open_input(path, max_bytes) as file:
        content = file.read(max_bytes + 1)  # a file of /proc is longer than its size says
    if len(content) > max_bytes:
        raise _too_large(path, max_bytes)
    return content


def readable_size(count: int) -> str:
    """A number of bytes for a message: `256 KiB`, `4 GiB`."""
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:,.3g} {unit}"
        count //= 1024
    return f"{count:,} GiB"


def _status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except ValueError as error:  # a NUL, or a lone surrogate
        raise OSError(errno.EINVAL, f"the path is no name of a file ({error})", str(path)) from None


def _require_regular(path: Path, max_bytes: int, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "no file")
        raise OSError(errno.EINVAL, f"it must be a regular file, got {kind}", str(path))
    if status.st_size > max_bytes:
        raise _too_large(path, max_bytes)


def _too_large(path: Path, max_bytes: int) -> OSError:
    return OSError(errno.EFBIG, f"it must have at most {readable_size(max_bytes)}", str(path))

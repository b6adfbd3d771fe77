"""Where every node reaches results: a prefix of an object store, or a path that all of them see."""

import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import urlsplit, urlunsplit

from class_sweep.errors import InputError, StorageError
from class_sweep.storage.connection import checked_address, connect, is_remote

_CHUNK = 8 << 20  # bytes copied at a time
_PARTIAL = ".partial"


@dataclass(frozen=True)
class Stored:
    """What a storage says of a file: its size in bytes, and when it changed by its own clock."""

    size: int
    mtime: float  # seconds since the epoch


@dataclass(frozen=True)
class Storage:
    """A folder of an object store or of a shared file system; names below it are POSIX paths.

    It is its address alone, and so travels to any process; credentials are found there, in the
    environment, the provider's own files or the machine's role.

    Attributes:
        address: `s3://bucket/prefix?options`, `gs://bucket/prefix` or an absolute path.
        hurried: Whether it has only seconds to answer.
    """

    address: str
    hurried: bool = field(default=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """A storage as a user names it.

        Raises:
            InputError: If it names no kind of storage that there is, or holds credentials.
        """
        return cls(checked_address(text))

    def __str__(self) -> str:
        return self.address

    def __reduce__(self) -> tuple[type[Self], tuple[str, bool]]:
        return type(self), (self.address, self.hurried)

    def __truediv__(self, name: str) -> Self:
        if not is_remote(self.address):
            return replace(self, address=str(Path(self.address) / name))
        parts = urlsplit(self.address)
        return replace(self, address=urlunsplit(parts._replace(path=f"{parts.path}/{name}")))

    @property
    def name(self) -> str:
        """The last part of its path, or the bucket's name."""
        parts = urlsplit(self.address) if is_remote(self.address) else None
        path = f"{parts.netloc}{parts.path}" if parts else self.address
        return path.rpartition("/")[2]

    def put(self, name: str, content: bytes | Path | IO[bytes]) -> None:
        """Write a file, whole or not at all.

        Raises:
            StorageError: If the storage does not take it.
        """
        with self._words("take", name):
            if is_remote(self.address):  # an object is there when all of it has arrived
                self._send(content, self._at(name))
                return
            path = Path(self._at(name))
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}{_PARTIAL}")
            self._send(content, str(partial))
            partial.replace(path)

    def _send(self, content: bytes | Path | IO[bytes], to: str) -> None:
        with self._files.open_output_stream(to) as stream:
            if isinstance(content, bytes):
                stream.write(content)
            elif isinstance(content, Path):
                with content.open("rb") as file:
                    shutil.copyfileobj(file, stream, _CHUNK)
            else:
                shutil.copyfileobj(content, stream, _CHUNK)

    def fetch(self, name: str, to: IO[bytes]) -> None:
        """Copy a file into an open one.

        Raises:
            FileNotFoundError: If there is no such file.
            StorageError: If it cannot be read.
        """
        with (
            self._words("give", name),
            self._files.open_input_stream(self._at(name)) as found,
        ):
            shutil.copyfileobj(found, to, _CHUNK)

    def get(self, name: str) -> bytes:
        """A file's content; raises like `fetch`."""
        with (
            self._words("give", name),
            self._files.open_input_stream(self._at(name)) as found,
        ):
            return bytes(found.readall())

    def stat(self, name: str) -> Stored | None:
        """What there is of a file, if it is there.

        Raises:
            StorageError: If the storage does not answer.
        """
        with self._words("tell of", name):
            (found,) = self._files.get_file_info([self._at(name)])
            return _stored(found) if found.is_file else None

    def files(self, below: str = "") -> Mapping[str, Stored]:
        """Every file below a folder of it, by its name from here.

        Raises:
            StorageError: If the storage does not answer.
        """
        from pyarrow.fs import FileSelector  # noqa: PLC0415 - a second that few commands need

        with self._words("list", below):
            root = self._at(below).rstrip("/")
            selector = FileSelector(root, allow_not_found=True, recursive=True)
            return {
                info.path[len(self._root) + 1 :]: _stored(info)
                for info in self._files.get_file_info(selector)
                if info.is_file and not info.path.endswith(_PARTIAL)
            }

    def remove(self, name: str) -> None:
        """Remove a file, if it is there.

        Raises:
            StorageError: If the storage does not do it.
        """
        with self._words("remove", name):
            try:
                self._files.delete_file(self._at(name))
            except FileNotFoundError:
                return

    def remove_all(self, below: str) -> None:
        """Remove a folder of it with all that it holds, if it is there; raises like `remove`."""
        for name in self.files(below):
            self.remove(name)

    def require_usable(self) -> float:
        """Write, read and remove a file there.

        Returns:
            The time of it by the storage's own clock, in seconds since the epoch.

        Raises:
            InputError: If any of it fails, with the reason.
        """
        marker, content = f".marker-{uuid.uuid4().hex}", b"class-sweep"
        first = replace(self, hurried=True)
        try:
            first.put(marker, content)
            stored = first.stat(marker)
            read = first.get(marker)
            first.remove(marker)
        except (StorageError, FileNotFoundError) as error:
            raise InputError(f"a storage must be there to write and read: {error}") from None
        if stored is None or read != content:
            raise InputError(f"a storage must give back what it is given: {self}")
        return stored.mtime

    @cached_property
    def _connection(self) -> tuple[Any, str]:
        return connect(self.address, hurried=self.hurried)

    @property
    def _files(self) -> Any:
        return self._connection[0]

    @property
    def _root(self) -> str:
        return self._connection[1]

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _words(self, verb: str, name: str) -> Iterator[None]:
        """Make one error of the many that Arrow has."""
        from pyarrow import ArrowException  # noqa: PLC0415

        try:
            yield
        except (OSError, ArrowException) as error:
            if isinstance(error, FileNotFoundError) and verb == "give":
                raise
            said = " ".join(str(error).split())
            raise StorageError(f"{self} did not {verb} {name or 'its files'}: {said}") from error


def _stored(info: Any) -> Stored:
    return Stored(int(info.size), info.mtime.timestamp())

"""A storage that every node reaches: a prefix of an object store, or a shared path."""

import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import unquote, urlsplit, urlunsplit

from class_sweep.base.files import make_folder, replace_durably
from class_sweep.errors import InputError, StorageError
from class_sweep.storage.connection import checked_address, connect, escaped, is_remote

_CHUNK_BYTES = 8 << 20
_PARTIAL = ".partial"


@dataclass(frozen=True)
class StoredFile:
    """The size of a stored file in bytes, and its last change by the storage's clock."""

    size: int
    mtime: float  # seconds since the epoch


@dataclass(frozen=True)
class Storage:
    """A folder of an object store or of a shared file system; names in it are POSIX paths.

    A storage is pickled as its address. Each process finds credentials in its environment, in the
    provider's own files or in the role of its machine.

    Attributes:
        address: `s3://bucket/prefix?options`, `gs://bucket/prefix` or an absolute path.
        hurried: Whether an attempt fails after seconds instead of half a minute.
    """

    address: str
    hurried: bool = field(default=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Make a storage from an address that a user wrote.

        Raises:
            InputError: If the kind of storage is unknown, or the address holds credentials.
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
        return replace(
            self, address=urlunsplit(parts._replace(path=f"{parts.path}/{escaped(name)}"))
        )

    @property
    def name(self) -> str:
        """The last part of the path, or the bucket's name."""
        parts = urlsplit(self.address) if is_remote(self.address) else None
        path = f"{parts.netloc}{unquote(parts.path)}" if parts else self.address
        return path.rpartition("/")[2]

    def put(self, name: str, content: bytes | Path | IO[bytes]) -> None:
        """Write a file atomically.

        Raises:
            StorageError: If the storage refuses it.
        """
        with self._storage_errors("write", name):
            if is_remote(self.address):  # an object appears once it is complete
                self._copy(content, self._at(name))
                return
            path = Path(self._at(name))
            make_folder(path.parent)
            partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}{_PARTIAL}")
            self._copy(content, str(partial))
            replace_durably(partial, path)

    def _copy(self, content: bytes | Path | IO[bytes], to: str) -> None:
        with self._files.open_output_stream(to) as stream:
            if isinstance(content, bytes):
                stream.write(content)
            elif isinstance(content, Path):
                with content.open("rb") as file:
                    shutil.copyfileobj(file, stream, _CHUNK_BYTES)
            else:
                shutil.copyfileobj(content, stream, _CHUNK_BYTES)

    def fetch(self, name: str, to: IO[bytes]) -> None:
        """Copy a file into an open one.

        Raises:
            FileNotFoundError: If there is no such file.
            StorageError: If it cannot be read.
        """
        with (
            self._storage_errors("read", name),
            self._files.open_input_stream(self._at(name)) as stream,
        ):
            shutil.copyfileobj(stream, to, _CHUNK_BYTES)

    def get(self, name: str) -> bytes:
        """The content of a file; raises like `fetch`."""
        with (
            self._storage_errors("read", name),
            self._files.open_input_stream(self._at(name)) as stream,
        ):
            return bytes(stream.readall())

    def stat(self, name: str) -> StoredFile | None:
        """The size and time of a file; None if there is no such file.

        Raises:
            StorageError: If the storage does not answer.
        """
        with self._storage_errors("look up", name):
            (info,) = self._files.get_file_info([self._at(name)])
            return _stored(info) if info.is_file else None

    def files(self, below: str = "") -> Mapping[str, StoredFile]:
        """Every file below a folder of the storage, by its name in the storage.

        Raises:
            StorageError: If the storage does not answer.
        """
        from pyarrow.fs import FileSelector  # noqa: PLC0415 - takes a second to import

        with self._storage_errors("list", below):
            root = self._at(below).rstrip("/")
            selector = FileSelector(root, allow_not_found=True, recursive=True)
            return {
                info.path[len(self._root) + 1 :]: _stored(info)
                for info in self._files.get_file_info(selector)
                if info.is_file and not info.path.endswith(_PARTIAL)
            }

    def remove(self, name: str) -> None:
        """Remove a file if it exists.

        Raises:
            StorageError: If the storage refuses.
        """
        with self._storage_errors("remove", name):
            try:
                self._files.delete_file(self._at(name))
            except FileNotFoundError:
                return

    def require_usable(self) -> float:
        """Write, read and remove a file, and give up within seconds.

        Returns:
            The time by the storage's own clock, in seconds since the epoch.

        Raises:
            InputError: If any step fails, with the reason.
        """
        marker, content = f".marker-{uuid.uuid4().hex}", b"class-sweep"
        storage = replace(self, hurried=True)
        try:
            storage.put(marker, content)
            stored = storage.stat(marker)
            read = storage.get(marker)
            storage.remove(marker)
        except (StorageError, FileNotFoundError) as error:
            raise InputError(f"a storage must be writable and readable: {error}") from None
        if stored is None or read != content:
            raise InputError(f"a storage must return what was written to it: {self}")
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
    def _storage_errors(self, verb: str, name: str) -> Iterator[None]:
        """Turn the errors of Arrow into a StorageError."""
        from pyarrow import ArrowException  # noqa: PLC0415

        try:
            yield
        except (OSError, ArrowException) as error:
            if isinstance(error, FileNotFoundError) and verb == "read":
                raise
            message = " ".join(str(error).split())
            raise StorageError(
                f"could not {verb} {name or 'files'} in {self}: {message}"
            ) from error


def _stored(info: Any) -> StoredFile:
    return StoredFile(int(info.size), info.mtime.timestamp())

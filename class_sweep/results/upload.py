"""The upload of a results folder to its storage: which files, and in which order.

A storage has no transactions over several files. A file is therefore uploaded after the files that
it depends on: first the inputs of the reports (the study, the ranks), then the reports, then the
conclusions from them. A download reads them in the opposite order. A sweep can be resumed from
the storage at any moment.
"""

import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from enum import Enum
from pathlib import Path

from class_sweep.errors import StorageError
from class_sweep.results.file_names import (
    BEST,
    CHECKPOINTS,
    CURVES,
    REPORT,
    STUDY,
    SUMMARY,
    TUNE,
    VERDICT,
)
from class_sweep.storage.remote import Storage

FileVersion = tuple[int, int]  # time of the last change in nanoseconds, and size in bytes

_CONCLUSIONS = {BEST, CURVES, REPORT, SUMMARY, VERDICT}


class FileKind(Enum):
    """The role of a file in the folder; the value is its position in the order of upload."""

    INPUT = 0
    REPORTS = 1
    CONCLUSION = 2

    @classmethod
    def of(cls, name: str) -> "FileKind":
        """The kind of a file, by its name in the folder."""
        if name.endswith(".jsonl"):
            return cls.REPORTS
        return cls.CONCLUSION if name in _CONCLUSIONS else cls.INPUT


class Uploader:
    """Uploads the files of a results folder that changed since the last upload.

    Attributes:
        last_upload: When a file was last uploaded, by the monotonic clock.
    """

    def __init__(self, folder: Path, storage: Storage) -> None:
        """Take a folder and a storage; the first upload sends every file."""
        self._folder, self._storage = folder, storage
        self._uploaded: dict[str, FileVersion] = {}
        self.last_upload = time.monotonic()

    def outdated(self) -> list[str]:
        """The files whose current version is not in the storage."""
        return sorted(self._changed())

    def upload(self) -> None:
        """Upload every file that changed.

        Raises:
            StorageError: If the storage refuses a file; the files before it are uploaded.
        """
        conclusions, reports = self._read(FileKind.CONCLUSION), self._read(FileKind.REPORTS)
        for name, version in self._changed(FileKind.INPUT).items():
            path = self._folder / name
            self._put(name, version, _consistent_study(path) if name == STUDY else path)
        for name, (version, content) in (reports | conclusions).items():
            self._put(name, version, content)

    def remove(self) -> None:
        """Remove the uploaded files from the storage.

        Raises:
            StorageError: If the storage refuses.
        """
        for name in list(self._uploaded):
            self._storage.remove(name)
            del self._uploaded[name]

    def _put(self, name: str, version: FileVersion, content: bytes | Path) -> None:
        self._storage.put(name, content)
        self._uploaded[name], self.last_upload = version, time.monotonic()

    def _read(self, kind: FileKind) -> dict[str, tuple[FileVersion, bytes]]:
        contents = {}
        for name, version in self._changed(kind).items():
            content = (self._folder / name).read_bytes()
            if kind is FileKind.REPORTS:  # the last line may be half written
                content = content[: content.rfind(b"\n") + 1]
            contents[name] = (version, content)
        return contents

    def _changed(self, *kinds: FileKind) -> dict[str, FileVersion]:
        wanted = kinds or tuple(FileKind)
        return {
            name: version
            for name, version in uploadable_files(self._folder).items()
            if self._uploaded.get(name) != version and FileKind.of(name) in wanted
        }


def uploadable_files(folder: Path) -> Mapping[str, FileVersion]:
    """The files of a results folder that its storage has to hold, by name.

    The lock and the working files of trials are left out.
    """
    versions = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in name.parts)
        if hidden or name.parts[0] in {CHECKPOINTS, TUNE} or path.suffix == ".db-journal":
            continue
        try:
            stat = path.stat()
        except FileNotFoundError:  # it was removed after it was listed
            continue
        if path.is_file():
            versions[name.as_posix()] = (stat.st_mtime_ns, stat.st_size)
    return versions


def _consistent_study(path: Path) -> bytes:
    """The content of an SQLite file between two transactions."""
    try:
        with (
            closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as file,
            closing(sqlite3.connect(":memory:")) as copy,
        ):
            file.backup(copy)
            return copy.serialize()
    except sqlite3.Error as error:
        raise StorageError(f"a study must be readable to be uploaded: {path}: {error}") from error

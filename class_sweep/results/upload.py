"""What of a results folder is sent to its storage, and in which order.

Whatever stands in the storage at any moment can be gone on from, since a file that speaks of others
comes after them: first what backs the reports (the study, the ranks), then the reports, then what
is concluded from them. They are read in the opposite order.
"""

import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from enum import Enum
from pathlib import Path

from class_sweep.errors import StorageError
from class_sweep.results.folder import CHECKPOINTS, TUNE
from class_sweep.storage.remote import Storage

Seen = tuple[int, int]  # when a file changed, in nanoseconds, and its bytes

_STUDY = "study.db"
_CONCLUSIONS = {"best.yaml", "curves.csv", "report.html", "summary.json", "verdict.json"}


class Kind(Enum):
    """What a file of the folder is to the others."""

    BACKING = 0
    REPORTS = 1
    CONCLUSION = 2

    @classmethod
    def of(cls, name: str) -> "Kind":
        """The kind of a file, by its name in the folder."""
        if name.endswith(".jsonl"):
            return cls.REPORTS
        return cls.CONCLUSION if name in _CONCLUSIONS else cls.BACKING


class Sender:
    """Sends what changed in a results folder since it last did."""

    def __init__(self, folder: Path, storage: Storage) -> None:
        """Know nothing yet of what the storage has."""
        self._folder, self._storage = folder, storage
        self._sent: dict[str, Seen] = {}
        self.last = time.monotonic()  # when something was sent

    def behind(self) -> list[str]:
        """What the storage does not have as it is here."""
        return sorted(self._changed())

    def send(self) -> None:
        """Send all that changed.

        Raises:
            StorageError: If the storage does not take a file; those before it are there.
        """
        concluded, reported = self._read(Kind.CONCLUSION), self._read(Kind.REPORTS)
        for name, seen in self._changed(Kind.BACKING).items():
            path = self._folder / name
            self._put(name, seen, _whole_study(path) if name == _STUDY else path)
        for name, (seen, content) in (reported | concluded).items():
            self._put(name, seen, content)

    def _put(self, name: str, seen: Seen, content: bytes | Path) -> None:
        self._storage.put(name, content)
        self._sent[name], self.last = seen, time.monotonic()

    def _read(self, kind: Kind) -> dict[str, tuple[Seen, bytes]]:
        found = {}
        for name, seen in self._changed(kind).items():
            content = (self._folder / name).read_bytes()
            if kind is Kind.REPORTS:  # one may be half written just now
                content = content[: content.rfind(b"\n") + 1]
            found[name] = (seen, content)
        return found

    def _changed(self, *kinds: Kind) -> dict[str, Seen]:
        wanted = kinds or tuple(Kind)
        return {
            name: seen
            for name, seen in own_files(self._folder).items()
            if self._sent.get(name) != seen and Kind.of(name) in wanted
        }


def own_files(folder: Path) -> Mapping[str, Seen]:
    """What of a results folder belongs in its storage: all but its lock and what trials work in."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in name.parts)
        if hidden or name.parts[0] in {CHECKPOINTS, TUNE} or path.suffix == ".db-journal":
            continue
        try:
            stat = path.stat()
        except FileNotFoundError:  # it was there a moment ago
            continue
        if path.is_file():
            found[name.as_posix()] = (stat.st_mtime_ns, stat.st_size)
    return found


def _whole_study(path: Path) -> bytes:
    """A SQLite file as it is between two transactions."""
    try:
        with (
            closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as file,
            closing(sqlite3.connect(":memory:")) as copy,
        ):
            file.backup(copy)
            return copy.serialize()
    except sqlite3.Error as error:
        raise StorageError(f"a study must be readable to be sent: {path}: {error}") from error

"""The results folder: who may write to it, and the log that outlives any crash.

`space.yaml` (as run), `trials.jsonl` (a line a report, append-only), `study.db` (Optuna),
`summary.json`, `best.yaml`, `environment.json`, and of a recording `curves.csv`. A confirmation
adds `confirm.jsonl` (a line a run), `confirm/` (each run's ranks), `verdict.json` and, once the
test split was read, `test.jsonl`. `storage.json` names the storage that has a copy. While trials
run, `checkpoints/` and `tune/` (Ray's own files) are there too.
"""

import json
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock, Timeout

from class_sweep.base.files import write_atomic
from class_sweep.base.jsonl import LineLog, whole_lines
from class_sweep.errors import ResultsError
from class_sweep.results.curves import CURVES
from class_sweep.results.record import Record
from class_sweep.storage.lease import LEASE, STANDS_FOR
from class_sweep.storage.remote import Storage

CHECKPOINTS = "checkpoints"  # of trials that run or wait
TUNE = "tune"  # Ray's own files


class ResultsFolder:
    """The files of one sweep, for reading; nothing here writes."""

    def __init__(self, path: Path) -> None:
        """Name a folder; `existing` also checks that a sweep is in it."""
        self.path = path
        self.space = path / "space.yaml"
        self.trials = path / "trials.jsonl"
        self.study = path / "study.db"
        self.curves = path / CURVES
        self.best = path / "best.yaml"
        self.summary = path / "summary.json"
        self.environment = path / "environment.json"
        self.confirm = path / "confirm.jsonl"
        self.ranks = path / "confirm"
        self.verdict = path / "verdict.json"
        self.tests = path / "test.jsonl"
        self.errors = path / "errors"
        self.storage = path / "storage.json"
        self.checkpoints = path / CHECKPOINTS
        self.tune = path / TUNE
        self.lock = path / ".lock"

    @classmethod
    def existing(cls, path: Path) -> Self:
        """The folder of a sweep that was started.

        Raises:
            ResultsError: If there is none at `path`.
        """
        folder = cls(path)
        if not folder.space.is_file():
            raise ResultsError(f"a results folder must hold space.yaml and trials.jsonl: {path}")
        return folder

    @staticmethod
    def require_free(path: Path) -> None:
        """Refuse a path that something stands at.

        Raises:
            ResultsError: If it is taken.
        """
        try:
            taken = path.exists()
        except OSError as error:  # a name too long, a folder that may not be entered
            raise ResultsError(f"a results folder must be writable: {path}: {error}") from None
        if taken:
            raise ResultsError(
                f"a results folder must be new: {path} exists; name another with --out, or go on"
                f" with: class-sweep resume {path}"
            )

    def records(self) -> list[Record]:
        """Every report written so far; a torn last line, of a killed run, is left out and said.

        Raises:
            ResultsError: If any other line is damaged.
        """
        found = []
        for number, line in whole_lines(self.trials):
            try:
                found.append(Record.from_json(line.decode("utf-8")))
            except ValueError as error:
                raise ResultsError(
                    f"a line must be a record: {self.trials}:{number}: {error}"
                ) from None
        return found

    def records_of(self, trial: int) -> list[Record]:
        """The reports of one trial so far."""
        start = Record.line_start(trial)
        with self.trials.open(encoding="utf-8") as lines:
            return [Record.from_json(line) for line in lines if line.startswith(start)]

    def seconds(self) -> dict[str, float]:
        """Wall seconds of each stage so far, of every run of the sweep that came to write them."""
        return dict(self.read_summary()["seconds"]) if self.summary.is_file() else {}

    def read_environment(self) -> dict[str, Any]:
        """`environment.json`.

        Raises:
            ResultsError: If it is missing or damaged.
        """
        return _read_json(self.environment)

    def read_verdict(self) -> dict[str, Any]:
        """`verdict.json`.

        Raises:
            ResultsError: If it is missing or damaged.
        """
        return _read_json(self.verdict)

    def in_use(self) -> bool:
        """Whether a process is writing to the folder at this moment."""
        try:  # as of a copy of the folder, which a driver elsewhere keeps up to date
            if time.time() - (self.path / LEASE).stat().st_mtime < STANDS_FOR:
                return True
        except FileNotFoundError:
            pass
        if not self.lock.exists():
            return False
        lock = FileLock(self.lock)
        try:
            lock.acquire(timeout=0)
        except (Timeout, OSError):
            return True
        lock.release()
        return False

    def read_storage(self) -> Storage | None:
        """The storage that has a copy of the folder, if one has.

        Raises:
            ResultsError: If `storage.json` is damaged.
            InputError: If it names no storage.
        """
        if not self.storage.is_file():
            return None
        return Storage.parse(str(_read_json(self.storage).get("address")))

    def read_summary(self) -> dict[str, Any]:
        """`summary.json`.

        Raises:
            ResultsError: If it is missing or damaged.
        """
        return _read_json(self.summary)


def _json(tree: dict[str, Any]) -> str:
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ResultsError(f"{path.name} must be readable: {path}: {error}") from None


class ResultsWriter:
    """The one process that may write to a results folder."""

    def __init__(self, folder: ResultsFolder) -> None:
        """Take the folder's lock.

        Raises:
            ResultsError: If another process has it.
        """
        self.folder = folder
        self._lock = FileLock(folder.lock)
        try:
            self._lock.acquire(timeout=2)  # a `status` may hold it for a moment
        except Timeout:
            raise ResultsError(
                f"one process at a time may write to a results folder: {folder.path} is in use"
            ) from None
        self._log = LineLog(folder.trials)

    @classmethod
    def create(cls, path: Path, space_text: str, storage: Storage | None = None) -> Self:
        """Start a new folder.

        Args:
            path: Where.
            space_text: Of the space, as run.
            storage: What keeps a copy of the folder.

        Raises:
            ResultsError: If the path is taken, or cannot be made.
        """
        ResultsFolder.require_free(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            begun = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}-"))
        except OSError as error:
            raise ResultsError(f"a results folder must be writable: {path}: {error}") from None
        # Killed at any moment, it leaves a folder that can be resumed, or none by that name.
        write_atomic(ResultsFolder(begun).space, space_text)
        if storage:
            write_atomic(ResultsFolder(begun).storage, _json({"address": str(storage)}))
        begun.chmod(0o755)
        begun.rename(path)
        return cls(ResultsFolder(path))

    def append(self, record: Record) -> None:
        """Add one report; when this returns, the line is on the disk.

        Raises:
            StorageError: If it cannot be written; the lines before it are as they were.
        """
        self._log.append(record.to_json())

    def keep_traceback(self, trial: int | str | None, text: str) -> Path:
        """Keep why a trial, a named run or the sweep as a whole failed; the file's path."""
        self.folder.errors.mkdir(exist_ok=True)
        name = "sweep" if trial is None else trial
        path = self.folder.errors / f"{f'trial-{name:04d}' if isinstance(name, int) else name}.txt"
        write_atomic(path, text)
        return path

    def write_json(self, path: Path, tree: dict[str, Any]) -> None:
        """Write a JSON file of the folder, whole."""
        write_atomic(path, _json(tree))

    def remember(self, storage: Storage) -> None:
        """Write down which storage keeps a copy of the folder."""
        self.write_json(self.folder.storage, {"address": str(storage)})

    def close(self) -> None:
        """Give the folder back."""
        self._log.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

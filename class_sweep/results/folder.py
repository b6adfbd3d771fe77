"""The results folder: its files, one writer at a time, and a log that survives a crash.

Every sweep writes `space.yaml` (the space as run), `trials.jsonl` (one line per report, only ever
appended to), `study.db` (Optuna), `summary.json`, `best.yaml` and `environment.json`. A recording
adds `curves.csv`, a limit of time `hours.json`. A confirmation adds `confirm.jsonl` (one line per
run), `confirm/` (the ranks of each run), `verdict.json` and, after a reading of the test split,
`test.jsonl`. `storage.json` names the storage that keeps a copy. `plugins/` has copies of the plug-
in files; nothing is loaded from there. While trials run, `checkpoints/` and `tune/` (Ray) exist
too.
"""

import contextlib
import os
import shutil
import tempfile
import time
from os.path import lexists
from pathlib import Path
from typing import Self

from class_sweep.base.files import make_folder, partial_file, replace_durably, write_atomic
from class_sweep.base.jsonl import LineLog, whole_lines
from class_sweep.base.locks import Lock, is_locked
from class_sweep.config.plugin_files import PluginFile, loaded_plugins
from class_sweep.errors import LockedError, ResultsError, command_line
from class_sweep.results import file_names
from class_sweep.results.environment import Environment
from class_sweep.results.json_files import ResultsModel, json_text, read_json
from class_sweep.results.record import Record
from class_sweep.results.summary import SweepSummary
from class_sweep.results.time_record import TimeRecord
from class_sweep.results.verdict import Verdict
from class_sweep.results.warm_start import WarmStart
from class_sweep.storage.lease import LEASE, VALID_SECONDS
from class_sweep.storage.remote import Storage


class StorageCopy(ResultsModel):
    """`storage.json`: the address of the storage that keeps a copy of the folder."""

    address: str


class ResultsFolder:
    """The files of one sweep, for reading only."""

    def __init__(self, path: Path) -> None:
        """Take a path; `existing` also checks that it holds a sweep."""
        self.path = path
        self.space = path / file_names.SPACE
        self.trials = path / file_names.TRIALS
        self.study = path / file_names.STUDY
        self.warm_start = path / file_names.WARM_START
        self.curves = path / file_names.CURVES
        self.best = path / file_names.BEST
        self.summary = path / file_names.SUMMARY
        self.hours = path / file_names.HOURS
        self.environment = path / file_names.ENVIRONMENT
        self.confirm = path / file_names.CONFIRM
        self.ranks = path / file_names.RANKS
        self.verdict = path / file_names.VERDICT
        self.tests = path / file_names.TEST
        self.report = path / file_names.REPORT
        self.errors = path / file_names.ERRORS
        self.storage = path / file_names.STORAGE
        self.plugins = path / file_names.PLUGINS
        self.checkpoints = path / file_names.CHECKPOINTS
        self.tune = path / file_names.TUNE
        self.lock = path / file_names.LOCK

    @classmethod
    def existing(cls, path: Path) -> Self:
        """The results folder at a path.

        Raises:
            ResultsError: If the path holds no sweep.
        """
        folder = cls(path)
        if not folder.space.is_file():
            exists = "is no folder" if path.exists() else "does not exist"
            found = "holds no space.yaml" if path.is_dir() else exists
            raise ResultsError(
                f"a results folder must hold space.yaml and trials.jsonl: {path} {found}"
            )
        return folder

    @staticmethod
    def require_free(path: Path) -> None:
        """Refuse a path that exists.

        Raises:
            ResultsError: If it exists, or cannot be reached.
        """
        try:
            exists = path.exists()
        except OSError as error:  # the name is too long, or a folder may not be entered
            raise ResultsError(f"a results folder must be writable: {path}: {error}") from None
        if exists:
            has_sweep = ResultsFolder(path).space.is_file()
            resume = f", or continue it with: {command_line('resume', path)}" if has_sweep else ""
            raise ResultsError(
                f"a results folder must be new: {path} exists; name another with --out{resume}"
            )

    def records(self) -> list[Record]:
        """Every report so far.

        An incomplete last line, left by a killed process, is skipped with a warning.

        Raises:
            ResultsError: If any other line is damaged, or not the next report of its trial.
        """
        records: list[Record] = []
        last: dict[int, Record] = {}
        for number, line in whole_lines(self.trials, self.sweep_id()):
            try:
                record = Record.from_json(line)
                record.require_next(last.get(record.trial))
            except ValueError as error:
                raise ResultsError(
                    f"a line must be a record: {self.trials}:{number}: {error}"
                ) from None
            records.append(record)
            last[record.trial] = record
        return records

    def records_of(self, trial: int) -> list[Record]:
        """The reports of one trial so far."""
        start = Record.line_start(trial)
        with self.trials.open(encoding="utf-8") as lines:
            return [Record.from_json(line) for line in lines if line.startswith(start)]

    def seconds(self) -> dict[str, float]:
        """Wall time of each stage in seconds, over all processes that ran the sweep."""
        return dict(self.read_summary().seconds) if lexists(self.summary) else {}

    def read_summary(self) -> SweepSummary:
        """Read `summary.json`.

        Raises:
            ResultsError: If it is missing or damaged.
        """
        return read_json(self.summary, SweepSummary)

    def read_time(self) -> TimeRecord | None:
        """Read `hours.json`; None in a sweep without `search.hours`.

        Raises:
            ResultsError: If it is damaged.
        """
        return read_json(self.hours, TimeRecord) if lexists(self.hours) else None

    def trials_wanted(self, runs: int) -> int:
        """The number of trials of the sweep, as far as it is known now.

        Args:
            runs: The number in its space; `search.hours` may have time for fewer.

        Raises:
            ResultsError: If `hours.json` is damaged.
        """
        time = self.read_time()
        return runs if time is None else time.trials_wanted

    def read_environment(self) -> Environment:
        """Read `environment.json`.

        Raises:
            ResultsError: If it is missing or damaged.
        """
        return read_json(self.environment, Environment)

    def read_verdict(self) -> Verdict:
        """Read `verdict.json`.

        Raises:
            ResultsError: If it is missing or damaged.
        """
        return read_json(self.verdict, Verdict)

    def read_warm_start(self) -> WarmStart:
        """Read `warm_start.json`.

        Raises:
            ResultsError: If it is missing or damaged.
        """
        return read_json(self.warm_start, WarmStart)

    def sweep_id(self) -> str | None:
        """The id of the sweep; None before its start and in a folder of version 0.2.

        Raises:
            ResultsError: If `environment.json` is damaged.
        """
        return self.read_environment().sweep_id if self.environment.is_file() else None

    def require_no_outward_links(self) -> None:
        """Refuse a folder in which a link would let a writer write or delete elsewhere.

        Raises:
            ResultsError: If a link leads out of the folder.
        """
        root = self.path.resolve()
        for parent, folders, files in os.walk(root):
            for path in (Path(parent, name) for name in (*folders, *files)):
                target = Path(os.path.realpath(path))
                if path.is_symlink() and not target.is_relative_to(root):
                    raise ResultsError(
                        f"a link in a results folder must lead to a file in it: {path} leads to"
                        f" {target}; put the file in its place"
                    )

    def in_use(self) -> bool:
        """Whether a process is writing to the folder now."""
        try:  # in a downloaded copy, a valid lease shows that a driver on another machine writes
            if time.time() - (self.path / LEASE).stat().st_mtime < VALID_SECONDS:
                return True
        except FileNotFoundError:
            pass
        return is_locked(self.lock)

    def read_storage(self) -> Storage | None:
        """The storage that keeps a copy of the folder, if there is one.

        Raises:
            ResultsError: If `storage.json` is damaged.
            InputError: If the address is invalid.
        """
        if not lexists(self.storage):
            return None
        return Storage.parse(read_json(self.storage, StorageCopy).address)


class ResultsWriter:
    """Writes to a results folder, from one process at a time.

    Attributes:
        folder: The folder, for reading.
        trials_began: Whether this process has begun the trials: it writes the summary first.
    """

    def __init__(self, folder: ResultsFolder) -> None:
        """Take the folder's lock.

        Raises:
            ResultsError: If another process holds it.
            InputError: If the folder cannot be written to, its file system has no locks, or
                `environment.json` is damaged.
        """
        self.folder = folder
        self.trials_began = False
        self._log = LineLog(folder.trials, folder.sweep_id())
        try:
            self._lock = Lock.take(folder.lock, seconds=2.0)  # `status` holds it for a moment
        except LockedError:
            raise ResultsError(
                f"one process at a time may write to a results folder: {folder.path} is in use"
            ) from None

    @classmethod
    def create(
        cls,
        path: Path,
        space_text: str,
        storage: Storage | None = None,
        environment: Environment | None = None,
        warm_start: WarmStart | None = None,
    ) -> Self:
        """Create a results folder.

        Args:
            path: The folder; it must not exist.
            space_text: The text of the space, as run.
            storage: The storage that keeps a copy.
            environment: What the sweep begins with; None leaves it to `write_environment`.
            warm_start: What the sweep takes from earlier sweeps.

        Raises:
            ResultsError: If the path exists, or cannot be created.
        """
        ResultsFolder.require_free(path)
        try:
            make_folder(path.parent)
            partial = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}-"))
        except OSError as error:
            raise ResultsError(f"a results folder must be writable: {path}: {error}") from None
        # A process killed here leaves a folder that can be resumed, or no folder at `path`.
        write_atomic(ResultsFolder(partial).space, space_text)
        if environment:
            write_atomic(ResultsFolder(partial).environment, json_text(environment))
        if warm_start:
            write_atomic(ResultsFolder(partial).warm_start, json_text(warm_start))
        if storage:
            write_atomic(
                ResultsFolder(partial).storage, json_text(StorageCopy(address=str(storage)))
            )
        for file in loaded_plugins():
            _keep_plugin(ResultsFolder(partial), file)
        partial.chmod(0o755)
        replace_durably(partial, path)
        return cls(ResultsFolder(path))

    def append(self, record: Record) -> None:
        """Append a report; when this returns, the line is on the disk.

        Raises:
            StorageError: If it cannot be written; the earlier lines are unchanged.
        """
        self._log.append(record.to_json())

    def records_of(self, trial: int) -> list[Record]:
        """The reports of one trial so far."""
        return self.folder.records_of(trial)

    def write(self, path: Path, text: str) -> None:
        """Write a file of the folder as a whole; what a killed process left of it is replaced.

        Raises:
            StorageError: If it cannot be written; an earlier file stays as it was.
        """
        write_atomic(path, text, partial=partial_file(path))

    def keep_traceback(self, trial: int | str | None, text: str) -> Path:
        """Write the traceback of a trial, a named run or (None) the sweep; returns the file."""
        self.folder.errors.mkdir(exist_ok=True)
        name = "sweep" if trial is None else trial
        path = self.folder.errors / f"{f'trial-{name:04d}' if isinstance(name, int) else name}.txt"
        self.write(path, text)
        return path

    def write_summary(self, summary: SweepSummary) -> None:
        """Write `summary.json`."""
        self.trials_began = True
        self.write(self.folder.summary, json_text(summary))

    def write_time(self, record: TimeRecord) -> None:
        """Write `hours.json`."""
        self.write(self.folder.hours, json_text(record))

    def write_environment(self, environment: Environment) -> None:
        """Write `environment.json`; its id is the key of the log."""
        self.write(self.folder.environment, json_text(environment))
        self._log.close()
        self._log = LineLog(self.folder.trials, environment.sweep_id)

    def keep_plugins(self) -> None:
        """Write a copy of each loaded plug-in file, in place of an older one."""
        for file in loaded_plugins():
            _keep_plugin(self.folder, file)

    def write_verdict(self, verdict: Verdict) -> None:
        """Write `verdict.json`."""
        self.write(self.folder.verdict, json_text(verdict))

    def remember(self, storage: Storage) -> None:
        """Write `storage.json`, the address of the storage that keeps a copy of the folder."""
        self.write(self.folder.storage, json_text(StorageCopy(address=str(storage))))

    def discard(self) -> None:
        """Remove a new folder in which no trial has begun, with the files of this process.

        A folder that holds anything else stays, without these files.
        """
        folder = self.folder
        self._log.close()
        with contextlib.suppress(OSError):  # what cannot be removed stays
            journal = folder.study.with_name(f"{folder.study.name}-journal")
            for path in (
                folder.study,
                journal,
                folder.environment,
                folder.warm_start,
                folder.storage,
                folder.hours,
                folder.space,
            ):
                path.unlink(missing_ok=True)
            shutil.rmtree(folder.plugins, ignore_errors=True)
            folder.lock.unlink(missing_ok=True)
            folder.path.rmdir()

    def close(self) -> None:
        """Close the log and release the lock."""
        self._log.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _keep_plugin(folder: ResultsFolder, file: PluginFile) -> None:
    folder.plugins.mkdir(exist_ok=True)
    write_atomic(folder.plugins / file.name, file.source)

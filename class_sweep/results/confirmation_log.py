"""The runs of a confirmation as a results folder keeps them: a line each, and their ranks."""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, TypeAdapter, ValidationError

from class_sweep.base.jsonl import LineLog, whole_lines
from class_sweep.errors import ResultsError, StorageError
from class_sweep.results.folder import ResultsFolder
from class_sweep.results.json_files import STRICT, explain

Ranks = Mapping[str, NDArray[np.float32]]
"""`pool/direction` to the (Q,) ranks of a split's queries; halves where candidates tie."""


@dataclass(frozen=True)
class ConfirmRun:
    """One arm trained to its end under one seed.

    Attributes:
        identity: Hash of the settings that the result depends on, the seed among them.
        arm: What was run, in words.
        seed: `search.seed` of the run.
        samples: Samples seen.
        seconds: Wall time of its training.
        metrics: Every metric on validation, `pool/[direction/]metric` to value.
        reason: Why it failed; None where it did not.
        at: When it was written, ISO 8601.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    identity: str
    arm: str
    seed: int
    samples: int
    seconds: float
    metrics: dict[str, float] = field(default_factory=dict)
    reason: str | None = None
    at: str = ""

    @staticmethod
    def from_json(line: bytes) -> "ConfirmRun":
        """Read a line; keys of a later version are ignored.

        Raises:
            ValueError: If the line is no run; the message names the key.
        """
        try:
            return _RUN.validate_json(line)
        except ValidationError as error:
            raise ValueError(explain(error)) from None


_RUN = TypeAdapter(ConfirmRun)


class ConfirmLog:
    """`confirm.jsonl` and the folder of the ranks beside it."""

    def __init__(self, folder: ResultsFolder) -> None:
        """Name a results folder; its lock is the caller's."""
        self._folder = folder
        self._log = LineLog(folder.confirm)

    def runs(self) -> dict[str, ConfirmRun]:
        """The finished runs by identity, and the failed ones that were not made good since.

        Raises:
            ResultsError: If a line is damaged.
        """
        found: dict[str, ConfirmRun] = {}
        for number, line in whole_lines(self._folder.confirm):
            try:
                run = ConfirmRun.from_json(line)
            except ValueError as error:
                place = f"{self._folder.confirm}:{number}"
                raise ResultsError(f"a line must be a run: {place}: {error}") from None
            found[run.identity] = run
        return found

    def append(self, run: ConfirmRun, ranks: Ranks) -> None:
        """Keep a run, its ranks first: a line without them would be a run without a proof.

        Raises:
            StorageError: If the disk will not take it.
        """
        if run.reason is None:
            try:
                self._keep(self._ranks_of(run.identity), ranks)
            except OSError as error:
                place = self._folder.ranks
                raise StorageError(f"ranks must be written down: {place}: {error}") from error
        self._log.append(json.dumps(asdict(run), ensure_ascii=False, allow_nan=False))

    def ranks(self, identity: str) -> dict[str, NDArray[np.float32]]:
        """The ranks of a run on validation.

        Raises:
            ResultsError: If they are missing or damaged.
        """
        path = self._ranks_of(identity)
        try:
            with np.load(path, allow_pickle=False) as stored:
                return {name: stored[name] for name in stored.files}
        except Exception as error:  # zipfile, zlib and NumPy each raise their own
            raise ResultsError(f"ranks must be readable: {path}: {error}") from None

    def close(self) -> None:
        """Let the file go."""
        self._log.close()

    def _ranks_of(self, identity: str) -> Path:
        return self._folder.ranks / f"{identity}.npz"

    def _keep(self, path: Path, ranks: Ranks) -> None:
        path.parent.mkdir(exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".npz")
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(file, **ranks)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)

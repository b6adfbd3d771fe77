"""The log of a confirmation: one line per run in `confirm.jsonl`, and the ranks of each run."""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, TypeAdapter, ValidationError

from class_sweep.base.files import atomic_file, partial_file
from class_sweep.base.input_files import read_input
from class_sweep.base.jsonl import LineLog, whole_lines
from class_sweep.base.limits import MAX_RESULT_BYTES
from class_sweep.config.objective import DIRECTIONS, POOLS
from class_sweep.errors import ResultsError, StorageError
from class_sweep.results.folder import ResultsFolder
from class_sweep.results.json_files import STRICT, explain

Ranks = Mapping[str, NDArray[np.float32]]
"""`pool/direction` to the (Q,) ranks of a split's queries; tied candidates give half ranks."""


@dataclass(frozen=True)
class ConfirmationRun:
    """One arm, trained to its end under one seed.

    Attributes:
        identity: Hash of the settings that the result depends on, including the seed.
        arm: Name of the arm.
        seed: `search.seed` of the run.
        samples: Samples seen.
        seconds: Wall time of the training.
        metrics: Every metric on validation, `pool/[direction/]metric` to value.
        reason: Why the run failed; None for a finished run.
        at: When the line was written, ISO 8601.
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
    def from_json(line: bytes) -> "ConfirmationRun":
        """Read a line; keys of a later version are ignored.

        Raises:
            ValueError: If the line is no run; the message names the key.
        """
        try:
            return _RUN.validate_json(line)
        except ValidationError as error:
            raise ValueError(explain(error)) from None


_RUN = TypeAdapter(ConfirmationRun)
_RANKINGS = {f"{pool}/{direction}" for pool in POOLS for direction in DIRECTIONS}


class ConfirmationLog:
    """`confirm.jsonl` and the folder with the ranks."""

    def __init__(self, folder: ResultsFolder) -> None:
        """Take a results folder; a caller that writes must hold the lock of the folder."""
        self._folder = folder
        self._log = LineLog(folder.confirm, folder.sweep_id())

    def runs(self) -> dict[str, ConfirmationRun]:
        """The last run of each identity.

        Raises:
            ResultsError: If a line is damaged.
        """
        runs: dict[str, ConfirmationRun] = {}
        for number, line in whole_lines(self._folder.confirm, self._folder.sweep_id()):
            try:
                run = ConfirmationRun.from_json(line)
            except ValueError as error:
                raise ResultsError(
                    f"a line must be a run: {self._folder.confirm}:{number}: {error}"
                ) from None
            runs[run.identity] = run
        return runs

    def append(self, run: ConfirmationRun, ranks: Ranks) -> None:
        """Write a run; its ranks come first, because a logged run must have its ranks.

        Raises:
            StorageError: If the disk refuses the write.
        """
        if run.reason is None:
            try:
                self._write_ranks(self.ranks_path(run.identity), ranks)
            except OSError as error:
                folder = self._folder.ranks
                raise StorageError(f"ranks must be written down: {folder}: {error}") from error
        self._log.append(json.dumps(asdict(run), ensure_ascii=False, allow_nan=False))

    def ranks(self, identity: str) -> dict[str, NDArray[np.float32]]:
        """The ranks of a run on validation.

        Raises:
            ResultsError: If they are missing or damaged.
        """
        path = self.ranks_path(identity)
        try:
            content = io.BytesIO(read_input(path, MAX_RESULT_BYTES))
            with np.load(content, allow_pickle=False) as stored:
                ranks = {name: stored[name] for name in stored.files}
        except Exception as error:  # zipfile, zlib and NumPy each raise their own
            raise ResultsError(f"ranks must be readable: {path}: {error}") from None
        if ranks.keys() != _RANKINGS or len({values.size for values in ranks.values()}) != 1:
            raise ResultsError(
                f"ranks must be of the same queries in each of {', '.join(sorted(_RANKINGS))}:"
                f" {path}: got {', '.join(f'{n} of {v.size}' for n, v in ranks.items())}"
            )
        for name, values in ranks.items():
            if values.dtype != np.float32 or values.ndim != 1 or not _are_ranks(values):
                raise ResultsError(
                    f"ranks must be a list of numbers from 1: {path}: {name} is none; it was"
                    " altered"
                )
        return ranks

    def ranks_path(self, identity: str) -> Path:
        """The file with the ranks of a run."""
        return self._folder.ranks / f"{identity}.npz"

    @property
    def path(self) -> Path:
        """The file with the lines."""
        return self._folder.confirm

    def close(self) -> None:
        """Close the file."""
        self._log.close()

    def _write_ranks(self, path: Path, ranks: Ranks) -> None:
        path.parent.mkdir(exist_ok=True)
        with atomic_file(path, partial=partial_file(path)) as file:
            np.savez_compressed(file, **ranks)  # type: ignore[arg-type]


def _are_ranks(values: NDArray[np.float32]) -> bool:
    """Whether values may be ranks; those of tied candidates are halves."""
    return bool((np.isfinite(values) & (values >= 1)).all())

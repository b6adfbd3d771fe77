"""The log of a confirmation, `confirm.jsonl`, and the ranks of each run.

The log has a line for each run. Two more kinds of lines hold what later looks must not change: the
weights of the comparisons, written before their first run, and the prior of the variances at each
look, written before the runs that follow it.
"""

import io
import json
from collections.abc import Iterator, Mapping
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


@dataclass(frozen=True)
class ComparisonWeight:
    """The initial share of the error of a comparison, by its finalist and kind of control."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    finalist: str
    control: str
    weight: float


@dataclass(frozen=True)
class FamilyLine:
    """Comparisons that join the family of tests.

    Attributes:
        family: Their weights.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    family: list[ComparisonWeight]


@dataclass(frozen=True)
class PriorLine:
    """The prior of the variances at an interim look.

    Attributes:
        look: Seeds at the look.
        variance: The prior variance of a difference of the objective.
        degrees: Its degrees of freedom.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    look: int
    variance: float
    degrees: float


Line = ConfirmationRun | FamilyLine | PriorLine

_RUN = TypeAdapter(ConfirmationRun)
_RULES: dict[bytes, TypeAdapter[FamilyLine] | TypeAdapter[PriorLine]] = {
    b'{"family"': TypeAdapter(FamilyLine),
    b'{"look"': TypeAdapter(PriorLine),
}  # beginning of a line to its model
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
        return {line.identity: line for line in self._lines() if isinstance(line, ConfirmationRun)}

    def fixed(self) -> tuple[dict[tuple[str, str], float], dict[int, PriorLine]]:
        """The weights by finalist and control, and the priors by look.

        A family without a run, left by a confirmation that was stopped at its start, binds nobody.

        Raises:
            ResultsError: If a line is damaged.
        """
        weights: dict[tuple[str, str], float] = {}
        priors: dict[int, PriorLine] = {}
        begun = False
        for line in self._lines():
            if isinstance(line, FamilyLine):
                known = weights if begun else {}
                weights = known | {(w.finalist, w.control): w.weight for w in line.family}
            elif isinstance(line, PriorLine):
                priors.setdefault(line.look, line)
            else:
                begun = True
        return (weights if begun else {}), priors

    def _lines(self) -> Iterator[Line]:
        for number, line in whole_lines(self._folder.confirm, self._folder.sweep_id()):
            rule = next((model for start, model in _RULES.items() if line.startswith(start)), None)
            try:
                yield rule.validate_json(line) if rule else ConfirmationRun.from_json(line)
            except ValidationError as error:
                message = explain(error)
            except ValueError as error:
                message = str(error)
            else:
                continue
            raise ResultsError(f"a line must be a run: {self._folder.confirm}:{number}: {message}")

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
        self._append(run)

    def fix(self, line: FamilyLine | PriorLine) -> None:
        """Write down what later looks must not change.

        Raises:
            StorageError: If the disk refuses the write.
        """
        self._append(line)

    def _append(self, line: Line) -> None:
        self._log.append(json.dumps(asdict(line), ensure_ascii=False, allow_nan=False))

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

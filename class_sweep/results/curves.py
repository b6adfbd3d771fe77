"""`curves.csv`: the learning curves of a recording, for `class-sweep replay`."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from class_sweep.base.input_files import read_input
from class_sweep.base.limits import MAX_RESULT_BYTES
from class_sweep.config.document import SEED
from class_sweep.config.objective import Objective, parse_objective
from class_sweep.errors import ResultsError
from class_sweep.results.record import Record

_FIRST_COLUMNS = ("configuration", "name")
_SHARE = "share"  # a column of recordings with `search.shares`
_LAST_COLUMNS = (SEED, "epoch", "samples", "last")  # then the objective, under its own name


def curves_csv(objective: Objective, seeds: int, records: Sequence[Record]) -> str:
    """The reports of a recording as CSV, ordered by trial.

    The columns are `configuration`, `name` (of a baseline), with `search.shares` the `share` that
    the pacing is fitted to, one per axis, `search.seed`, `epoch`
    (the samples in epochs of full data; empty for the last report of a trial), `samples`, `last`
    and the objective. A failed trial has the reports before its failure and no last report.

    Args:
        objective: What the sweep optimises.
        seeds: Seeds of each configuration.
        records: The log.
    """
    axes = list(dict.fromkeys(path for r in records for path in r.config if path != SEED))
    text, shares = io.StringIO(), any(record.share is not None for record in records)
    writer = csv.writer(text, lineterminator="\n")
    first = (*_FIRST_COLUMNS, _SHARE) if shares else _FIRST_COLUMNS
    writer.writerow([*first, *axes, *_LAST_COLUMNS, str(objective)])
    for record in sorted(records, key=lambda r: (r.trial, r.report)):
        if record.objective is None:
            continue
        writer.writerow(
            [
                record.trial // seeds,
                record.name or "",
                *(["" if record.share is None else record.share] if shares else []),
                *(record.config.get(path, "") for path in axes),
                record.config[SEED],
                "" if record.rung is None else record.rung + 1,
                record.samples,
                int(record.decision == "finish"),
                f"{record.objective:.6g}",
            ]
        )
    return text.getvalue()


@dataclass(frozen=True)
class Point:
    """One report of a recorded trial.

    Attributes:
        epoch: The samples in epochs of full data; infinite at the trial's end.
        samples: Samples seen so far.
        score: sign · objective, so that higher is always better.
        last: Whether the trial ends with this report.
    """

    epoch: float
    samples: int
    score: float
    last: bool


@dataclass(frozen=True)
class Configuration:
    """A configuration, its values as text, and its learning curve under each seed.

    `share` is the share of full data's samples that its pacing is fitted to, if it is to one.
    """

    number: int
    name: str
    values: Mapping[str, str]
    curves: Mapping[int, tuple[Point, ...]]
    share: float | None = None

    def final(self, seed: int) -> float | None:
        """The final score under a seed; None if the trial failed."""
        point = self.curves[seed][-1]
        return point.score if point.last else None

    @property
    def mean(self) -> float:
        """The mean of the final scores over the seeds; -inf if a trial failed."""
        scores = [score for seed in self.curves if (score := self.final(seed)) is not None]
        return sum(scores) / len(scores) if len(scores) == len(self.curves) else -math.inf


@dataclass(frozen=True)
class CurveTable:
    """Complete learning curves of configurations, each under the same seeds."""

    objective: Objective
    configurations: tuple[Configuration, ...]
    seeds: tuple[int, ...]

    @property
    def baselines(self) -> list[Configuration]:
        """The baselines."""
        return [c for c in self.configurations if c.name]

    @property
    def searched(self) -> list[Configuration]:
        """The configurations that a sampler proposed."""
        return [c for c in self.configurations if not c.name]

    @property
    def epochs(self) -> int:
        """The budget in epochs: a trial reports after each epoch of full data."""
        curves = (curve for c in self.configurations for curve in c.curves.values())
        return 1 + max(int(p.epoch) for curve in curves for p in curve if not p.last)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a table that `run --record` wrote.

        Raises:
            ResultsError: If it cannot be read, or `run --record` did not write it.
        """
        try:
            text = read_input(path, MAX_RESULT_BYTES).decode()
            rows = list(csv.DictReader(io.StringIO(text, newline="")))
            return cls._of(rows)
        except OSError as error:
            raise ResultsError(
                f"a table of curves must be a readable file: {path}: {error.strerror};"
                " `class-sweep run --record` writes one"
            ) from None
        except (ValueError, KeyError, TypeError) as error:
            raise ResultsError(
                f"a table of curves must be one that `class-sweep run --record` wrote: {path}:"
                f" {f'it has no column {error}' if isinstance(error, KeyError) else error}"
            ) from None

    @classmethod
    def _of(cls, rows: Sequence[Mapping[str, str]]) -> Self:
        if not rows:
            raise ValueError("it has no rows")
        *_, last_column = rows[0]
        objective = parse_objective(last_column)
        axes = [
            path
            for path in rows[0]
            if path not in {*_FIRST_COLUMNS, _SHARE, *_LAST_COLUMNS, last_column}
        ]
        curves: dict[int, dict[int, list[Point]]] = {}
        first_rows: dict[int, Mapping[str, str]] = {}
        for row in rows:
            number, last = int(row["configuration"]), row["last"] == "1"
            first_rows[number] = row
            score = objective.sign * float(row[last_column])
            if not math.isfinite(score):
                raise ValueError(f"an objective must be a finite number, got {row[last_column]}")
            point = Point(
                math.inf if last else float(row["epoch"]), int(row["samples"]), score, last
            )
            curves.setdefault(number, {}).setdefault(int(row[SEED]), []).append(point)
        seeds = tuple(sorted({seed for by_seed in curves.values() for seed in by_seed}))
        for number, by_seed in curves.items():
            if tuple(sorted(by_seed)) != seeds:
                raise ValueError(f"configuration {number} lacks a curve under one of {seeds}")
        return cls(
            objective,
            tuple(
                Configuration(
                    number,
                    first_rows[number]["name"],
                    {path: first_rows[number][path] for path in axes},
                    {seed: tuple(points) for seed, points in sorted(by_seed.items())},
                    float(share) if (share := first_rows[number].get(_SHARE)) else None,
                )
                for number, by_seed in sorted(curves.items())
            ),
            seeds,
        )

"""The table of learning curves that a recording leaves, for `class-sweep replay`."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from class_sweep.config.document import SEED
from class_sweep.config.objective import Objective, parse_objective
from class_sweep.errors import ResultsError
from class_sweep.results.record import Record

_BEFORE = ("configuration", "name")
_AFTER = (SEED, "epoch", "samples", "last")  # and then the objective, under its own name


def curves_csv(objective: Objective, seeds: int, records: Sequence[Record]) -> str:
    """A recording's reports as CSV, ordered by trial.

    `configuration` and `name` (of a reference) come first, then a column for each axis; `epoch` is
    how many epochs of full data the samples are worth (none at a trial's end, which is `last`).
    A trial that failed has the reports before its failure and no last one.
    """
    axes = list(dict.fromkeys(path for r in records for path in r.config if path != SEED))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_BEFORE, *axes, *_AFTER, str(objective)])
    for record in sorted(records, key=lambda r: (r.trial, r.report)):
        if record.objective is None:
            continue
        writer.writerow(
            [
                record.trial // seeds,
                record.name or "",
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
        epoch: The epochs of full data that its samples are worth; infinite at the trial's end.
        samples: Samples seen by then.
        score: The objective, better when higher whatever its direction.
        last: Whether the trial ends here.
    """

    epoch: float
    samples: int
    score: float
    last: bool


@dataclass(frozen=True)
class Configuration:
    """A configuration of a table: its values as written, and its curve under each seed."""

    number: int
    name: str
    values: Mapping[str, str]
    curves: Mapping[int, tuple[Point, ...]]

    def final(self, seed: int) -> float | None:
        """The score at its end under a seed; None where it failed."""
        point = self.curves[seed][-1]
        return point.score if point.last else None

    @property
    def mean(self) -> float:
        """The mean of its final scores over the seeds; -inf where it failed under one."""
        finals = [self.final(seed) for seed in self.curves]
        known = [score for score in finals if score is not None]
        return sum(known) / len(known) if len(known) == len(finals) else -math.inf


@dataclass(frozen=True)
class CurveTable:
    """Full learning curves of configurations, each under the same seeds."""

    objective: Objective
    configurations: tuple[Configuration, ...]
    seeds: tuple[int, ...]

    @property
    def baselines(self) -> list[Configuration]:
        """The named schedules."""
        return [one for one in self.configurations if one.name]

    @property
    def searched(self) -> list[Configuration]:
        """What a sampler proposed."""
        return [one for one in self.configurations if not one.name]

    @property
    def epochs(self) -> int:
        """The budget: reports stand at each epoch of full data before the last."""
        curves = (curve for one in self.configurations for curve in one.curves.values())
        return 1 + max(int(p.epoch) for curve in curves for p in curve if not p.last)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a table that `run --record` wrote.

        Raises:
            ResultsError: If it cannot be read, or is no such table.
        """
        try:
            rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
            return cls._of(rows)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ResultsError(
                f"a table of curves must be one that `class-sweep run --record` wrote: {path}:"
                f" {type(error).__name__}: {error}"
            ) from None

    @classmethod
    def _of(cls, rows: Sequence[Mapping[str, str]]) -> Self:
        if not rows:
            raise ValueError("it has no rows")
        *_, last_column = rows[0]
        objective = parse_objective(last_column)
        axes = [path for path in rows[0] if path not in {*_BEFORE, *_AFTER, last_column}]
        curves: dict[int, dict[int, list[Point]]] = {}
        about: dict[int, Mapping[str, str]] = {}
        for row in rows:
            number, last = int(row["configuration"]), row["last"] == "1"
            about[number] = row
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
                    about[number]["name"],
                    {path: about[number][path] for path in axes},
                    {seed: tuple(points) for seed, points in sorted(by_seed.items())},
                )
                for number, by_seed in sorted(curves.items())
            ),
            seeds,
        )

"""`class-sweep replay` as a function: from a table and the pruners to try to a `ReplayTable`."""

import itertools
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from class_sweep.config.components import PRUNERS, SAMPLERS
from class_sweep.config.document import Space, load_space
from class_sweep.config.objective import metric_of
from class_sweep.config.problems import problems_of
from class_sweep.config.pruning import PruningSettings
from class_sweep.config.yaml_text import YamlDocument
from class_sweep.errors import InputError
from class_sweep.results.curves import CurveTable
from class_sweep.results.file_names import CURVES, SPACE
from class_sweep.tuning.pruners.pruner import Pruner
from class_sweep.tuning.replay.replay import (
    correlation_between_seeds,
    replay,
    rung_correlations,
    searches,
)

RANDOM = "random"  # a random order of the table's configurations


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RungRow(_Model):
    """See `RungCorrelation`."""

    epoch: int
    configurations: int
    correlation: float
    own_schedule: float | None


class PrunerRow(_Model):
    """A pruner's settings and its `PrunerOutcome`. Regrets are in the table's unit."""

    pruning: PruningSettings
    samples: float
    time: float
    regret: float
    worst_regret: float
    best_kept: float


class ReplayTable(_Model):
    """The result of a replay.

    Attributes:
        objective: The objective of the recording.
        unit: `points` (hundredths) or `ranks`: the unit of the regrets.
        configurations: The searched configurations of the table.
        references: Its baselines.
        seeds: Its seeds.
        epochs: Its budget.
        sampler: The sampler of the searches.
        orders: The number of searches.
        trials: The trials of each search, without baselines.
        workers: The trials at a time.
        rungs: How well each epoch of full data predicts the end.
        between_seeds: The correlation of final scores between seeds; None for one seed.
        pruners: One row for each pruner.
    """

    objective: str
    unit: str
    configurations: int
    references: int
    seeds: int
    epochs: int
    sampler: str
    orders: int
    trials: int
    workers: int
    rungs: list[RungRow]
    between_seeds: float | None
    pruners: list[PrunerRow]


@dataclass(frozen=True)
class ReplayOptions:
    """How the searches of a replay run.

    Attributes:
        sampler: `random`, or a sampler that learns.
        orders: The number of searches.
        trials: The trials of each search, without baselines; None for all of the table.
        workers: The trials at a time.
        seed: The seed of the searches.
    """

    sampler: str = RANDOM
    orders: int = 100
    trials: int | None = None
    workers: int = 2
    seed: int = 0


def settings_to_try(
    kinds: Sequence[str] | None,
    grace: Sequence[float],
    reduction_factor: Sequence[float],
    min_kept: Sequence[float],
    rungs: Sequence[str] = ("samples",),
) -> list[PruningSettings]:
    """Every combination of the values that each pruner takes.

    Raises:
        InputError: If a pruner is unknown, or a value is not one that it takes.
    """
    values: dict[str, Sequence[float | str]] = {
        "grace_epochs": grace,
        "reduction_factor": reduction_factor,
        "min_kept": [int(kept) for kept in min_kept],
        "rungs": rungs,
    }
    tried: list[PruningSettings] = []
    for kind in kinds or list(PRUNERS):
        pruner: type[Pruner] = PRUNERS.load(kind)
        names = pruner.replayed_settings
        combinations = itertools.product(*(values[name] for name in names))
        tried += [_settings(kind, dict(zip(names, chosen, strict=True))) for chosen in combinations]
    return tried


def _settings(kind: str, values: dict[str, float | str]) -> PruningSettings:
    section = PRUNERS.settings_class(kind)
    assert section is not None  # noqa: S101 - every pruner has a section
    tree = {"kind": kind} | values
    try:
        settings: PruningSettings = section.model_validate(tree)
    except ValidationError as error:
        first, *_ = problems_of(error, YamlDocument("", "", tree, {}), section)
        raise InputError(f"{first.path} of {kind} {first.message}") from None
    return settings


def replay_table(
    path: Path,
    tried: Sequence[PruningSettings],
    options: ReplayOptions,
) -> ReplayTable:
    """Replay pruners over a table of recorded curves.

    Args:
        path: The table, or the results folder that holds it.
        tried: The settings of each pruner.
        options: The searches: their number, length, sampler and workers.

    Raises:
        InputError: If the table, the sampler or the number of trials does not fit.
    """
    file = path / CURVES if path.is_dir() else path
    table = CurveTable.read(file)
    space = _space_of(file, options.sampler)
    if space is not None and any(row.share is not None for row in table.configurations):
        raise InputError(
            f"--sampler must be {RANDOM} for a recording with search.shares, got"
            f" {options.sampler!r}"
        )
    available = len(table.searched)
    trials = options.trials or available
    if trials > available:
        raise InputError(f"--trials must be at most the table's {available}, got {trials}")
    drawn = searches(table, space, options.orders, trials, options.seed)
    metric = metric_of(table.objective.metric)
    rows = []
    for pruning, one in zip(tried, replay(table, drawn, tried, options.workers), strict=True):
        scaled = {
            "regret": metric.shown_difference(one.regret),
            "worst_regret": metric.shown_difference(one.worst_regret),
        }
        rows.append(PrunerRow(pruning=pruning, **(asdict(one) | scaled)))
    return ReplayTable(
        objective=str(table.objective),
        unit=metric.difference_unit,
        configurations=available,
        references=len(table.baselines),
        seeds=len(table.seeds),
        epochs=table.epochs,
        sampler=options.sampler,
        orders=options.orders,
        trials=trials,
        workers=options.workers,
        rungs=[RungRow(**asdict(rung)) for rung in rung_correlations(table)],
        between_seeds=correlation_between_seeds(table),
        pruners=rows,
    )


def _space_of(file: Path, sampler: str) -> Space | None:
    """The space beside the table under a sampler that learns; None for a random order."""
    if sampler == RANDOM:
        return None
    learning = [name for name in SAMPLERS if SAMPLERS.load(name).learns]
    if sampler not in learning:
        raise InputError(
            f"--sampler must be one of {RANDOM}, {', '.join(learning)}, got {sampler!r}"
        )
    space = load_space(file.parent / SPACE, recorded=True)
    search = space.settings.search.model_copy(update={"sampler": sampler})
    return space.changed(settings=space.settings.model_copy(update={"search": search}))

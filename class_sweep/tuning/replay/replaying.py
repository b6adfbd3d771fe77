"""`class-sweep replay` as a function: a table and what to try on it, to plain values."""

import itertools
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from class_sweep.config.document import Space, load_space
from class_sweep.config.objective import metric_of
from class_sweep.config.pruning import PruningSettings
from class_sweep.errors import InputError
from class_sweep.results.curves import CurveTable
from class_sweep.results.file_names import CURVES, SPACE
from class_sweep.tuning.pruners.registry import PRUNERS
from class_sweep.tuning.replay.proposals import LEARNING, searches
from class_sweep.tuning.replay.replay import between_seeds, replay, rungs_of

_PRUNING: TypeAdapter[PruningSettings] = TypeAdapter(PruningSettings)


def settings_to_try(
    kinds: Sequence[str] | None,
    grace: Sequence[float],
    reduction_factor: Sequence[float],
    min_kept: Sequence[float],
) -> list[PruningSettings]:
    """Every combination of the values that each pruner takes.

    Raises:
        InputError: If a pruner is unknown, or a value is not one that it takes.
    """
    tried = []
    for kind in kinds or list(PRUNERS):
        if kind not in PRUNERS:
            raise InputError(f"a pruner must be one of {', '.join(PRUNERS)}, got {kind!r}")
        values: dict[str, Sequence[float]] = {
            "none": {},
            "median": {"grace_epochs": grace},
            "one_rung": {"grace_epochs": grace, "min_kept": [int(k) for k in min_kept]},
        }.get(kind, {"grace_epochs": grace, "reduction_factor": reduction_factor})
        for chosen in itertools.product(*values.values()):
            setting = dict(zip(values, chosen, strict=True))
            try:
                tried.append(_PRUNING.validate_python({"kind": kind} | setting))
            except ValidationError as error:
                raise InputError(
                    f"{kind} must have values that it takes, got {setting}:"
                    f" {error.errors()[0]['msg']}"
                ) from None
    return tried


def replay_table(
    path: Path,
    tried: Sequence[PruningSettings],
    sampler: str,
    *,
    orders: int,
    trials: int | None,
    workers: int,
    seed: int,
) -> dict[str, Any]:
    """Replay pruners over a table; regrets are in hundredths, but for a mean rank.

    Raises:
        InputError: If the table, the sampler or the number of trials does not fit.
    """
    file = path / CURVES if path.is_dir() else path
    table = CurveTable.read(file)
    space = _space_of(file, sampler)
    there = len(table.searched)
    if trials is not None and trials > there:
        raise InputError(f"--trials must be at most the table's {there}, got {trials}")
    found = searches(table, sampler, space, orders=orders, trials=trials or there, seed=seed)
    metric = metric_of(table.objective.metric)
    rows = []
    for pruning, one in zip(tried, replay(table, found, tried, workers), strict=True):
        row = asdict(one) | {
            "regret": metric.scale * one.regret, "worst_regret": metric.scale * one.worst_regret
        }  # fmt: skip
        rows.append({"pruning": pruning.model_dump(mode="json")} | row)
    return {
        "objective": str(table.objective),
        "unit": "ranks" if metric.unit == "rank" else "points",
        "configurations": there,
        "references": len(table.references),
        "seeds": len(table.seeds),
        "epochs": table.epochs,
        "sampler": sampler,
        "orders": orders,
        "trials": trials or there,
        "workers": workers,
        "rungs": [asdict(rung) for rung in rungs_of(table)],
        "between_seeds": between_seeds(table),
        "pruners": rows,
    }


def _space_of(file: Path, sampler: str) -> Space | None:
    if sampler == "random":
        return None
    if sampler not in LEARNING:
        raise InputError(
            f"--sampler must be one of random, {', '.join(LEARNING)} (over a table `grid` is"
            f" random), got {sampler!r}"
        )
    return load_space(file.parent / SPACE)

"""`train_models`: from one configuration to a model folder, or to one for each of several seeds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from class_sweep.base.array_cache import ArrayCache, default_cache_folder
from class_sweep.base.faults import faults_advised
from class_sweep.base.files import write_atomic
from class_sweep.base.locks import require_lockable
from class_sweep.config.document import Space, dump_settings, load_space, parse_space
from class_sweep.config.objective import metric_names
from class_sweep.config.sections import Search
from class_sweep.encoders.pickles import pickles_allowed
from class_sweep.errors import (
    ConfigError,
    InterruptedTrainingError,
    ModelError,
    QueryError,
    command_line,
)
from class_sweep.models.model_folder import MANIFEST, TrainingMetrics, read_metrics
from class_sweep.models.resumable_training import (
    require_new_or_same,
    require_same_data,
    train_model,
)
from class_sweep.preparation.clock import Clock
from class_sweep.preparation.prepare import Prepared, prepare
from class_sweep.results.callback import Callback
from class_sweep.results.json_files import ResultsModel, json_text
from class_sweep.testing.own_parts import require_contracts

SUMMARY = "summary.json"


@dataclass(frozen=True)
class TrainedModel:
    """One model that `train` has trained now or before.

    Attributes:
        path: The model folder.
        metrics: The contents of its metrics.json.
    """

    path: Path
    metrics: TrainingMetrics


class MetricEstimate(ResultsModel):
    """Mean and standard error of a metric over seeds; no error for a single seed."""

    mean: float
    standard_error: float | None


class SeedSummary(ResultsModel):
    """`summary.json` of the models of several seeds.

    Attributes:
        models: The model folders.
        seeds: The seed of each model.
        validation: Metric name to its estimate on the validation split.
    """

    models: list[str]
    seeds: list[int]
    validation: dict[str, MetricEstimate]


def train_models(
    config: Path | str | Space,
    out: Path | str,
    *,
    seeds: int | None = None,
    callback: Callback | None = None,
    allow_pickle: bool = False,
) -> list[TrainedModel]:
    """Train a configuration to its end. A cut training continues from its last checkpoint.

    Args:
        config: A space without axes, or the file of one.
        out: The model folder, or with `seeds` the folder of the model folders.
        seeds: The number of seeds from `search.seed` on; None for one model in `out` itself.
        callback: Receives the events of the training.
        allow_pickle: Whether to read a pickle of vectors, which can run code.

    Raises:
        InputError: If an argument is unusable. Nothing has been written then.
        InterruptedTrainingError: If the callback requested a stop.
        StorageError: If a disk refused a file; the last checkpoint stays.
    """
    space = load_configuration(config)
    cache = ArrayCache(default_cache_folder())
    options = [*([] if seeds is None else ["--seeds", seeds])]
    options += ["--allow-pickle"] if allow_pickle else []
    again = (
        "the same call"
        if isinstance(config, Space)
        else command_line("train", config, "--out", out, *options)
    )
    with pickles_allowed(allow_pickle), faults_advised(lambda: f"continue with: {again}"):
        models = train_space(space, Path(out), seeds, cache=cache, callback=callback or Callback())
    if models is None:
        raise InterruptedTrainingError(again)
    return models


def load_configuration(config: Path | str | Space) -> Space:
    """A space without axes, read from its file unless it is one.

    Raises:
        ConfigError: If it has mistakes, or axes.
    """
    space = config if isinstance(config, Space) else load_space(config)
    if space.axes:
        place = f"{space.name}: " if space.lines else ""
        raise ConfigError(
            f"{place}a configuration to train must have no axes, got {', '.join(space.axes)};"
            " take best.yaml of a sweep, or `class-sweep export`"
        )
    return space


def train_space(
    space: Space, out: Path, seeds: int | None, *, cache: ArrayCache, callback: Callback
) -> list[TrainedModel] | None:
    """Train one model into `out`, or one for each seed into a folder below it.

    A cut training continues from its last checkpoint, with the same numbers.

    Args:
        space: Without axes.
        out: A new folder, or the folder of the same training.
        seeds: The number of seeds from `search.seed` on; None for one model in `out` itself.
        cache: The cache of features and indexes.
        callback: Receives the events of the training.

    Returns:
        The models, or None if the callback requested a stop. Finished models and checkpoints stay.

    Raises:
        InputError: If an argument is unusable. Nothing has been written then.
    """
    if seeds is not None and seeds < 1:
        raise QueryError(f"seeds must be at least 1, got {seeds}")
    first = space.settings.search.seed
    runs = [(seed, out / f"seed-{seed}") for seed in range(first, first + (seeds or 0))]
    runs = runs or [(first, out)]
    configurations = {folder: _with_seed(space, seed) for seed, folder in runs}
    for folder, configuration in configurations.items():
        require_new_or_same(folder, configuration)
        require_lockable(folder)
    if seeds and out.exists() and (not out.is_dir() or (out / MANIFEST).exists()):
        found = "the model" if out.is_dir() else "the file"
        raise ModelError(
            f"a folder of models must be new or hold models, got {found} {out}; name another with"
            " --out"
        )
    require_contracts(space)
    prepared: Prepared | None = None
    models = []
    for folder, configuration in configurations.items():
        if not folder.exists():
            if prepared is None:
                prepared = prepare(space, cache, Clock(), callback)
                for trained in filter(Path.exists, configurations):
                    require_same_data(trained, prepared.pairs)
            if not train_model(configuration, folder, prepared, callback):
                return None
        models.append(TrainedModel(folder, read_metrics(folder)))
    if seeds:
        write_atomic(out / SUMMARY, json_text(seed_summary(models)))
    return models


def seed_summary(models: Sequence[TrainedModel]) -> SeedSummary:
    """Mean and standard error of each validation metric over the seeds, as in summary.json."""
    found = [model.metrics.validation for model in models]
    names = [name for name in metric_names() if all(name in metrics for metrics in found)]
    table = np.array([[metrics[name] for name in names] for metrics in found])
    mean = table.mean(axis=0)
    errors = table.std(axis=0, ddof=1) / math.sqrt(len(table)) if len(table) > 1 else None
    return SeedSummary(
        models=[str(model.path) for model in models],
        seeds=[model.metrics.seed for model in models],
        validation={
            name: MetricEstimate(
                mean=float(mean[i]),
                standard_error=None if errors is None else float(errors[i]),
            )
            for i, name in enumerate(names)
        },
    )


def _with_seed(space: Space, seed: int) -> Space:
    """The same training under a seed."""
    search = Search(trials=1, baselines=[], seed=seed)
    return parse_space(
        dump_settings(space.settings.model_copy(update={"search": search})), space.name
    )

"""From one fixed configuration to model folders: full budget, stopped and gone on with at will."""

import json
import math
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout

from class_sweep.backbones.backbone import backbone_class
from class_sweep.base.array_cache import ArrayCache, default_cache_folder
from class_sweep.base.files import write_atomic
from class_sweep.config.document import Space, dump_settings, load_space, parse_space
from class_sweep.config.inputs import SPLITS
from class_sweep.config.objective import POOLS, metric_names
from class_sweep.config.section import Section
from class_sweep.config.sections import Search, Settings
from class_sweep.encoders.fitted import FittedEncoders
from class_sweep.errors import (
    ConfigError,
    InterruptedTrainingError,
    ModelError,
    QueryError,
    StorageError,
)
from class_sweep.models.card import model_card
from class_sweep.preparation.prepare import Clock, Prepared, prepare
from class_sweep.results.callback import Callback
from class_sweep.training.checkpoint import STATE_FILE
from class_sweep.training.loop import Trainer
from class_sweep.training.model_folder import CONFIG, MANIFEST, Manifest, ModelFiles

_SLICE = 1.0  # seconds of training between two looks at the clock and at Ctrl-C
_CHECKPOINT_EVERY = 30.0  # seconds
SUMMARY = "summary.json"


@dataclass(frozen=True)
class Trained:
    """One model that `train` made, or found finished.

    Attributes:
        path: Its folder.
        metrics: As in its metrics.json.
    """

    path: Path
    metrics: dict[str, Any]


def train(
    config: Path | str,
    out: Path | str,
    *,
    seeds: int | None = None,
    callback: Callback | None = None,
) -> list[Trained]:
    """Train a configuration without axes to its end; see `train_space`.

    Raises:
        InputError: If something given is unusable; nothing was written then.
        InterruptedTrainingError: If the callback requested a stop.
    """
    space = fixed(Path(config))
    cache = ArrayCache(default_cache_folder())
    done = train_space(space, Path(out), seeds, cache=cache, callback=callback or Callback())
    if done is None:
        asked = "" if seeds is None else f" --seeds {seeds}"
        raise InterruptedTrainingError(f"class-sweep train {config} --out {out}{asked}")
    return done


def fixed(path: Path) -> Space:
    """A configuration to train.

    Raises:
        ConfigError: If it has mistakes, or axes.
    """
    space = load_space(path)
    if space.axes:
        raise ConfigError(
            f"{path}: a configuration to train must have no axes, got {', '.join(space.axes)};"
            " take best.yaml of a sweep, or `class-sweep export`"
        )
    return space


def train_space(
    space: Space, out: Path, seeds: int | None, *, cache: ArrayCache, callback: Callback
) -> list[Trained] | None:
    """Train one model into `out`, or several into a folder each below it.

    What an earlier call was cut in goes on from its last checkpoint, to the same numbers.

    Args:
        space: Without axes.
        out: New, or of the same training.
        seeds: How many, from `search.seed` on; None for one model in `out` itself.
        cache: Of features and indexes.
        callback: Receives the events of the training.

    Returns:
        The models, or None where the callback requested a stop; what was done is kept.

    Raises:
        InputError: If something given is unusable; nothing was written then.
    """
    if seeds is not None and seeds < 1:
        raise QueryError(f"seeds must be at least 1, got {seeds}")
    first = space.settings.search.seed
    runs = [(seed, out / f"seed-{seed}") for seed in range(first, first + (seeds or 0))]
    runs = runs or [(first, out)]
    spaces = {folder: _of_seed(space, seed) for seed, folder in runs}
    for folder, one in spaces.items():
        _require_free_or_same(folder, one)
    if seeds and out.exists() and not out.is_dir():
        raise ModelError(f"a folder of models must be a folder or new, got {out}")
    prepared: Prepared | None = None
    found = []
    for folder, one in spaces.items():
        if not folder.exists():
            prepared = prepared or prepare(space, cache, Clock(), callback)
            with _threads(max(1, int(space.settings.resources.cpus))):
                _train_one(one, folder, prepared, cache, callback)
        if not folder.exists():
            return None
        found.append(Trained(folder, json.loads((folder / "metrics.json").read_text())))
    if seeds:
        write_atomic(out / SUMMARY, json.dumps(summary_of(found), indent=2) + "\n")
    return found


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """As many as a trial of a sweep has: how many add up decides the last bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def summary_of(models: Sequence[Trained]) -> dict[str, Any]:
    """Mean and standard error of each validation metric over some seeds."""
    names = metric_names()
    table = np.array([[model.metrics["validation"][name] for name in names] for model in models])
    mean = table.mean(axis=0)
    errors = table.std(axis=0, ddof=1) / math.sqrt(len(table)) if len(table) > 1 else None
    return {
        "models": [str(model.path) for model in models],
        "seeds": [model.metrics["seed"] for model in models],
        "validation": {
            name: {
                "mean": float(mean[i]),
                "standard_error": None if errors is None else float(errors[i]),
            }
            for i, name in enumerate(names)
        },
    }


def _of_seed(space: Space, seed: int) -> Space:
    """The same training under a seed, with every path of it absolute."""
    settings = space.settings
    changes: dict[str, Section] = {"search": Search(trials=1, baselines=[], seed=seed)}
    for name in ("data", "text_encoder", "molecule_encoder"):
        changes[name] = getattr(settings, name).with_absolute_paths()
    return parse_space(dump_settings(settings.model_copy(update=changes)), space.name)


def _work_folder(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.training")


def _require_free_or_same(folder: Path, space: Space) -> None:
    """Refuse a folder of something else, or of another training."""
    work = _work_folder(folder)
    for place, what in ((folder, MANIFEST), (work, CONFIG)):
        if not place.exists():
            continue
        config = place / CONFIG
        if not (place / what).is_file() or not config.is_file():
            raise ModelError(f"a model folder must be new: {place} exists; name another with --out")
        if config.read_text(encoding="utf-8") != space.text:
            raise ModelError(
                f"a model folder must be new or of the same configuration: {place} is of another;"
                " name another with --out"
            )


def _train_one(
    space: Space, folder: Path, prepared: Prepared, cache: ArrayCache, callback: Callback
) -> None:
    """Train a model to its end and write its folder; or until the callback requests a stop."""
    work = _work_folder(folder)
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"a folder must be writable: {work}: {error.strerror}") from error
    try:
        with FileLock(work / ".lock", timeout=0):
            if not (work / CONFIG).exists():
                write_atomic(work / CONFIG, space.text)
            trainer = _trainer(space, prepared, work)
            seconds = _run(trainer, space.settings, work, callback)
            if trainer.step < trainer.schedule.steps:
                return
            _write_model(trainer, space, folder, prepared, cache, seconds)
    except Timeout:
        raise ModelError(f"a model must be trained by one process, got another at {work}") from None
    shutil.rmtree(work)


def _trainer(space: Space, prepared: Prepared, work: Path) -> Trainer:
    trainer = Trainer(space.settings, prepared.features, gpu=torch.cuda.is_available())
    if (work / STATE_FILE).exists():
        trainer.restore(work / STATE_FILE)
    return trainer


def _run(trainer: Trainer, settings: Settings, work: Path, callback: Callback) -> float:
    """Train on, with a checkpoint now and then and at a stop; seconds of this and earlier runs."""
    spent = work / "seconds"
    start = saved = time.monotonic()
    if spent.exists():
        start -= float(spent.read_text(encoding="utf-8"))
    steps, size = trainer.schedule.steps, 1
    seed = settings.search.seed
    callback.on_training_step(seed, trainer.step, steps, None)
    while trainer.step < steps:
        began = time.monotonic()
        loss = trainer.train_to(min(steps, trainer.step + size))
        now = time.monotonic()
        size = max(1, round(size * min(2.0, _SLICE / max(now - began, 1e-3))))
        callback.on_training_step(seed, trainer.step, steps, loss)
        stop = callback.stop_requested()
        if stop or now - saved > _CHECKPOINT_EVERY:
            trainer.save(work / STATE_FILE)
            write_atomic(spent, f"{now - start:.3f}")
            saved = now
        if stop:
            break
    return time.monotonic() - start


def _write_model(
    trainer: Trainer,
    space: Space,
    folder: Path,
    prepared: Prepared,
    cache: ArrayCache,
    seconds: float,
) -> None:
    settings, pairs = space.settings, prepared.pairs
    train = pairs.rows("train")
    encoders = FittedEncoders.fit(
        settings.text_encoder,
        settings.molecule_encoder,
        [pairs.texts[row] for row in train],
        [pairs.smiles[row] for row in train],
        prepared.features.graphs,
        backbone_class(settings.backbone).needs(settings.backbone).token_depths,
        cache=cache,
    )
    manifest = Manifest(
        text_width=prepared.features.text.shape[1],
        molecule_width=prepared.features.molecule.shape[1],
        token_depths=encoders.token_depths,
        transformer=encoders.transformer,
        text_encoder=settings.text_encoder.label,
        data_sha256=pairs.checksum(),
        seed=settings.search.seed,
    )
    metrics = {
        "seed": settings.search.seed,
        "steps": trainer.step,
        "samples": trainer.samples,
        "share_of_full_data": trainer.schedule.share_of_full_data,
        "seconds": round(seconds, 3),
        "pairs": {split: len(pairs.rows(split)) for split in SPLITS},
        "extra_molecules": len(pairs.more),
        "validation": trainer.evaluate("validation", POOLS),
    }
    files = ModelFiles(
        manifest, space.text, trainer.backbone.state_dict(), encoders.arrays, metrics
    )
    files.write(folder, model_card(folder.name, space, manifest, metrics))

"""One training that can be stopped and resumed at any time, up to its model folder.

A training works in the folder `NAME.training` beside the model folder `NAME`: the configuration,
what the training began with, a lock, the last checkpoint and the seconds so far. The model folder
appears when the training ends.
"""

import logging
import shutil
import time
from pathlib import Path

import torch

from class_sweep.base.files import make_folder, write_atomic
from class_sweep.base.locks import Lock
from class_sweep.base.threads import torch_threads
from class_sweep.config.document import Space, load_space
from class_sweep.config.inputs import SPLITS
from class_sweep.config.objective import POOLS
from class_sweep.config.plugin_files import loaded_plugins
from class_sweep.config.settings_changes import (
    differences,
    flat_settings,
    is_execution,
    location_settings,
)
from class_sweep.data.pair import PairSet
from class_sweep.errors import LockedError, ModelError, ResultsError, StorageError
from class_sweep.models.card import model_card
from class_sweep.models.model_folder import (
    CONFIG,
    MANIFEST,
    Manifest,
    ModelContents,
    TrainingMetrics,
    read_manifest,
)
from class_sweep.preparation.environment import describe_provenance
from class_sweep.preparation.prepare import Prepared
from class_sweep.results.callback import Callback
from class_sweep.results.environment import Provenance
from class_sweep.results.json_files import json_text, read_json
from class_sweep.results.plugins import other_plugins, with_other_plugins
from class_sweep.results.provenance import listed, require_same_inputs
from class_sweep.training import slices
from class_sweep.training.checkpoint import STATE_FILE
from class_sweep.training.loop import Trainer
from class_sweep.training.replicas import ReplicaError, Replicas
from class_sweep.training.slices import train_in_slices

log = logging.getLogger(__name__)

_SECONDS_FILE = "seconds"  # of training so far, in the work folder
PROVENANCE = "provenance.json"  # what the training began with, in the work folder


def require_new_or_same(folder: Path, space: Space) -> None:
    """Check that a model folder and its work folder are absent or of the same configuration.

    Raises:
        ModelError: If one of them is anything else.
    """
    for path, required in ((folder, MANIFEST), (_work_folder(folder), CONFIG)):
        if not path.exists():
            continue
        config = path / CONFIG
        if not (path / required).is_file() or not config.is_file():
            raise ModelError(f"a model folder must be new: {path} exists; name another with --out")
        changed = differences(flat_settings(load_space(config, recorded=True)), space)
        ignored = location_settings(space) if required == CONFIG else set()  # held by their content
        if other := {p: c for p, c in changed.items() if not is_execution(p) and p not in ignored}:
            raise ModelError(
                f"a model folder must be new or of the same configuration: {path} is of another:"
                f" {listed(other)}; name another with --out"
            )


def require_same_data(folder: Path, pairs: PairSet) -> None:
    """Check that a finished model has the data of the models that are trained beside it.

    Raises:
        ModelError: If its data are others.
    """
    trained, now = read_manifest(folder).data_sha256, pairs.checksum()
    if trained != now:
        raise ModelError(
            f"all models of one `train --seeds` must have the same data: those of {folder} had"
            f" SHA-256 {trained}, and they have {now} now; restore the data, or name another folder"
            " with --out"
        )


def _require_same_inputs(work: Path, now: Provenance) -> None:
    """Check that an interrupted training continues with the inputs that it began with."""
    what = f"the training in {work}"
    if (work / PROVENANCE).is_file():
        begun = _read_provenance(work)
        require_same_inputs(begun, now, what, ModelError)
        if other_plugins(begun.plugins):  # and accepted
            begun = begun.with_plugins(with_other_plugins(begun.plugins))
            write_atomic(work / PROVENANCE, json_text(begun))
    else:
        log.warning(
            "%s was begun by version 0.2, which did not write its inputs down: a change of them is"
            " not found",
            what,
        )


def _read_provenance(work: Path) -> Provenance:
    try:
        return read_json(work / PROVENANCE, Provenance)
    except ResultsError as error:
        raise ModelError(str(error)) from None


def train_model(space: Space, folder: Path, prepared: Prepared, callback: Callback) -> bool:
    """Train a model from the start or from its last checkpoint, and write its folder at the end.

    Args:
        space: The configuration, without axes.
        folder: The model folder, which must not exist.
        prepared: The data, the features and the index.
        callback: Receives the events of the training.

    Returns:
        Whether the training has ended; False if the callback requested a stop.

    Raises:
        StorageError: If a folder cannot be written.
        ModelError: If another process trains the same model, it began with other inputs, or one of
            its own processes died.
    """
    work, resources = _work_folder(folder), space.settings.resources
    gpu = torch.cuda.is_available()
    devices = min(resources.processes, torch.cuda.device_count()) if gpu else 1
    replicas = Replicas(devices - 1, gpu=gpu, threads=resources.threads)
    try:
        make_folder(work)
    except OSError as error:
        raise StorageError(f"a folder must be writable: {work}: {error.strerror}") from error
    try:
        with Lock.take(work / ".lock"), torch_threads(resources.threads), replicas:
            provenance = describe_provenance(space, prepared)
            if (work / STATE_FILE).exists():
                _require_same_inputs(work, provenance)
            else:
                write_atomic(work / PROVENANCE, json_text(provenance))
                write_atomic(work / CONFIG, space.text)
            trainer = Trainer(space.settings, prepared.features, gpu=gpu, replicas=replicas)
            if (work / STATE_FILE).exists():
                trainer.restore(work / STATE_FILE)
            seconds = _train_with_checkpoints(trainer, work, callback)
            if trainer.step < trainer.schedule.steps:
                return False
            _write_model(trainer, space, folder, prepared, seconds)
    except ReplicaError as error:
        raise ModelError(f"{error}; to go on from the last checkpoint, train it again") from error
    except LockedError:
        raise ModelError(f"a model must be trained by one process, got another at {work}") from None
    shutil.rmtree(work)
    return True


def _work_folder(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.training")


def _train_with_checkpoints(trainer: Trainer, work: Path, callback: Callback) -> float:
    """Train to the end or to a requested stop; return the seconds of this and earlier runs."""
    seconds_file = work / _SECONDS_FILE
    start = time.monotonic()
    if seconds_file.exists():
        start -= float(seconds_file.read_text(encoding="utf-8"))

    def save() -> None:
        trainer.save(work / STATE_FILE)
        write_atomic(seconds_file, f"{time.monotonic() - start:.3f}")

    steps, seed = trainer.schedule.steps, trainer.settings.search.seed
    callback.on_training_step(seed, trainer.step, steps, None)
    for loss in train_in_slices(trainer, save, slices.CHECKPOINT_EVERY):
        callback.on_training_step(seed, trainer.step, steps, loss)
        if callback.stop_requested():
            save()
            break
    return time.monotonic() - start


def _write_model(
    trainer: Trainer,
    space: Space,
    folder: Path,
    prepared: Prepared,
    seconds: float,
) -> None:
    settings, pairs = space.settings, prepared.pairs
    encoders = prepared.encoders
    manifest = Manifest(
        text_width=prepared.features.text.shape[1],
        molecule_width=prepared.features.molecule.shape[1],
        token_depths=encoders.token_depths,
        transformer=encoders.text.external_fingerprint,
        molecule_files=encoders.molecule.external_fingerprint,
        text_encoder=settings.text_encoder.label,
        data_sha256=pairs.checksum(),
        seed=settings.search.seed,
        plugins={file.name: [file.sha256] for file in loaded_plugins()},
    )
    metrics = TrainingMetrics(
        seed=settings.search.seed,
        steps=trainer.step,
        samples=trainer.samples,
        share_of_full_data=trainer.schedule.share_of_full_data,
        seconds=round(seconds, 3),
        pairs={split: len(pairs.rows(split)) for split in SPLITS},
        extra_molecules=len(pairs.extra_molecules),
        validation=trainer.evaluate("validation", POOLS),
    )
    contents = ModelContents(
        manifest, space.text, trainer.backbone.state_dict(), encoders.save(), metrics
    )
    contents.write(folder, model_card(folder.name, space, manifest, metrics))

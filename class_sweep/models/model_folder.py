"""The model folder: written completely or not at all, and read only if no file has changed.

`model.safetensors` has the weights of the backbone, `encoders.safetensors` the fitted arrays of the
encoders, `config.yaml` every setting, and `metrics.json` the counts, times and validation metrics.
`model.json` is the manifest, with the checksums of these files. `README.md` is the model card,
which may be edited.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import load_file, save_file

from class_sweep import __version__
from class_sweep.base.hashing import file_digest, fingerprint
from class_sweep.errors import ModelError, ResultsError, StorageError
from class_sweep.results.json_files import ResultsModel, json_text, read_json

FORMAT = 1  # raise it when older folders become unreadable
WEIGHTS, ENCODERS, CONFIG, METRICS = (
    "model.safetensors",
    "encoders.safetensors",
    "config.yaml",
    "metrics.json",
)
MANIFEST, CARD = "model.json", "README.md"


@dataclass(frozen=True)
class Manifest:
    """The facts about a model that are no settings.

    Attributes:
        text_width: D_text, the width of the text encoder.
        molecule_width: D_molecule, the width of the molecule encoder.
        token_depths: The frozen layers whose tokens the backbone reads; None if it reads none.
        transformer: The identity of the text encoder's files; None for LSA.
        text_encoder: The name or path of the text encoder.
        data_sha256: The checksum of the pairs of the training.
        seed: The seed of weights, dropout and batches.
        version: The version of class-sweep that wrote the folder.
        format: The format of the folder.
        files: File name to SHA-256.
    """

    text_width: int
    molecule_width: int
    token_depths: tuple[float, float] | None
    transformer: str | None
    text_encoder: str
    data_sha256: str
    seed: int
    version: str = __version__
    format: int = FORMAT
    files: dict[str, str] = field(default_factory=dict)


class TrainingMetrics(ResultsModel):
    """The contents of metrics.json: counts, time and validation metrics of a training.

    Attributes:
        seed: The seed of weights, dropout and batches.
        steps: The optimizer steps.
        samples: The samples of all steps, repeats included.
        share_of_full_data: `samples` as a fraction of as many epochs over all training pairs.
        seconds: The time of the training.
        pairs: The number of pairs of each split.
        extra_molecules: The number of molecules without text.
        validation: Full metric name to its value on the validation split.
    """

    seed: int
    steps: int
    samples: int
    share_of_full_data: float
    seconds: float
    pairs: dict[str, int]
    extra_molecules: int
    validation: dict[str, float]


@dataclass(frozen=True)
class ModelContents:
    """The contents of a model folder.

    Attributes:
        manifest: The facts about the model.
        config: The settings, as YAML.
        weights: The state of the backbone.
        arrays: The fitted arrays of the encoders.
        metrics: Counts, times and validation metrics of the training.
    """

    manifest: Manifest
    config: str
    weights: Mapping[str, torch.Tensor]
    arrays: Mapping[str, NDArray[Any]]
    metrics: TrainingMetrics

    def write(self, path: Path, card: str) -> None:
        """Write the folder, which must not exist.

        Raises:
            StorageError: If it cannot be written; `path` does not exist then.
        """
        partial = path.with_name(f".{path.name}.partial")
        try:
            shutil.rmtree(partial, ignore_errors=True)  # left by a killed process
            partial.mkdir(parents=True)
            weights = {n: t.detach().cpu().contiguous() for n, t in self.weights.items()}
            save_file(weights, partial / WEIGHTS)
            save_arrays({n: np.ascontiguousarray(a) for n, a in self.arrays.items()},
                        partial / ENCODERS)  # fmt: skip
            (partial / CONFIG).write_text(self.config, encoding="utf-8")
            (partial / METRICS).write_text(json_text(self.metrics), encoding="utf-8")
            (partial / CARD).write_text(card, encoding="utf-8")
            files = {name: file_digest(partial / name) for name in _SEALED}
            tree = asdict(self.manifest) | {"files": files}
            sealed = json.dumps(tree | _seal(tree), indent=2, ensure_ascii=False)
            (partial / MANIFEST).write_text(f"{sealed}\n", encoding="utf-8")
            for name in (*_SEALED, CARD, MANIFEST):
                _flush(partial / name)
            partial.rename(path)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise StorageError(
                f"a model folder must be writable: {path}: {error.strerror}"
            ) from error

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a folder of `write`.

        Raises:
            ModelError: If it is no model folder, has another format, or misses a file, or a file
                has changed or cannot be read.
        """
        manifest = read_manifest(path)
        for name in _SEALED:
            if not (path / name).is_file():
                raise ModelError(f"a model folder must be whole, got no {name}: {path}")
            if file_digest(path / name) != manifest.files.get(name):
                raise ModelError(
                    f"a model's files must be as they were written, got an altered {name}: {path}"
                )
        try:
            return cls(
                manifest,
                (path / CONFIG).read_text(encoding="utf-8"),
                load_file(path / WEIGHTS),
                load_arrays(path / ENCODERS),
                read_metrics(path),
            )
        except (OSError, ValueError, SafetensorError) as error:
            raise ModelError(f"a model folder must be readable, got {error}: {path}") from error


_SEALED = (WEIGHTS, ENCODERS, CONFIG, METRICS)


def read_manifest(path: Path) -> Manifest:
    """Read the manifest of a model folder.

    Raises:
        ModelError: If it is no model folder, has another format, or has changed.
    """
    file = path / MANIFEST
    if not file.is_file():
        raise ModelError(f"a model folder must hold {MANIFEST}, as `train` writes it, got {path}")
    try:
        tree = json.loads(file.read_text(encoding="utf-8"))
        folder_format, version = tree["format"], tree["version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{MANIFEST} must be as it was written: {path}: {error}") from error
    if folder_format != FORMAT:
        raise ModelError(
            f"a model folder must be of format {FORMAT} for class-sweep {__version__}, got format"
            f" {folder_format}, written by class-sweep {version}: {path}"
        )
    seal = {"seal": tree.pop("seal", None)}
    if seal != _seal(tree):
        raise ModelError(f"a model's files must be as they were written, got an altered"
                         f" {MANIFEST}: {path}")  # fmt: skip
    depths = tree.pop("token_depths")
    return Manifest(**tree, token_depths=tuple(depths) if depths else None)


def read_metrics(path: Path) -> TrainingMetrics:
    """Read metrics.json of a model folder.

    Raises:
        ModelError: If it is missing or has another shape; the message names the file and the key.
    """
    try:
        return read_json(path / METRICS, TrainingMetrics)
    except ResultsError as error:
        raise ModelError(str(error)) from None


def _seal(tree: Mapping[str, Any]) -> dict[str, str]:
    return {"seal": fingerprint(json.loads(json.dumps(tree)))}


def _flush(path: Path) -> None:
    path.chmod(0o644)  # safetensors writes 0600, which colleagues cannot read
    with path.open("rb") as file:
        os.fsync(file.fileno())

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
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from pydantic_core import from_json
from safetensors import SafetensorError
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import load_file, save_file

from class_sweep import __version__
from class_sweep.base.files import replace_durably
from class_sweep.base.hashing import file_digest, fingerprint
from class_sweep.base.input_files import open_input, read_input
from class_sweep.base.limits import MAX_RESULT_BYTES, MAX_SPACE_BYTES
from class_sweep.errors import ModelError, ResultsError, StorageError
from class_sweep.results.json_files import Model, ResultsModel, json_text, json_tree, read_json

FORMAT = 1  # raise it when older folders become unreadable
WEIGHTS, ENCODERS, CONFIG, METRICS = (
    "model.safetensors",
    "encoders.safetensors",
    "config.yaml",
    "metrics.json",
)
MANIFEST, CARD = "model.json", "README.md"


MAX_WEIGHT_BYTES = 100 * 2**30  # of a file of arrays
MAX_WIDTH = 1_000_000  # of an encoder's vectors; a folder of a larger one was made up


class Header(ResultsModel):
    """The part of a manifest that every format has."""

    version: str
    format: int


class Manifest(ResultsModel):
    """The facts about a model that are no settings.

    Attributes:
        text_width: D_text, the width of the text encoder; 0 if the backbone trains it.
        molecule_width: D_molecule, the width of the molecule encoder.
        token_depths: The frozen layers whose tokens the backbone reads; None if it reads none.
        transformer: The identity of the text encoder's files; None for LSA.
        molecule_files: The identity of the molecule encoder's files; None if it needs none.
        text_encoder: The name or path of the text encoder.
        data_sha256: The checksum of the pairs of the training.
        seed: The seed of weights, dropout and batches.
        version: The version of class-sweep that wrote the folder.
        format: The format of the folder.
        files: File name to SHA-256.
        plugins: Name of each plug-in file to the SHA-256 of its contents.
    """

    text_width: Annotated[int, Field(ge=0, le=MAX_WIDTH)]
    molecule_width: Annotated[int, Field(ge=0, le=MAX_WIDTH)]
    token_depths: tuple[float, float] | None
    transformer: str | None
    text_encoder: str
    data_sha256: str
    seed: int
    molecule_files: str | None = None
    version: str = __version__
    format: int = FORMAT
    files: dict[str, str] = Field(default_factory=dict)
    plugins: dict[str, list[str]] = Field(default_factory=dict)


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
            tree = json_tree(self.manifest) | {"files": files}
            sealed = json.dumps(tree | {"seal": fingerprint(tree)}, indent=2, ensure_ascii=False)
            (partial / MANIFEST).write_text(f"{sealed}\n", encoding="utf-8")
            for name in (*_SEALED, CARD, MANIFEST):
                _flush(partial / name)
            replace_durably(partial, path)
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
        try:
            for name in _SEALED:
                open_input(path / name, MAX_WEIGHT_BYTES).close()  # no pipe, no device
                if file_digest(path / name) != manifest.files.get(name):
                    raise ModelError(
                        f"a model's files must be as they were written, got an altered {name}:"
                        f" {path}"
                    )
            contents = cls(
                manifest,
                read_input(path / CONFIG, MAX_SPACE_BYTES).decode(),
                load_file(path / WEIGHTS),
                load_arrays(path / ENCODERS),
                read_metrics(path),
            )
        except FileNotFoundError as error:
            raise ModelError(
                f"a model folder must be whole, got no {Path(error.filename).name}: {path}"
            ) from None
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise ModelError(f"a model folder must be readable, got {error}: {path}") from error
        contents._require_numbers(path)
        return contents

    def _require_numbers(self, path: Path) -> None:
        """Refuse NaN and infinity, which no training leaves behind."""
        for file, arrays in (
            (WEIGHTS, {name: weight.isfinite().all() for name, weight in self.weights.items()}),
            (ENCODERS, {name: np.isfinite(array).all() for name, array in self.arrays.items()}),
        ):
            for name, finite in arrays.items():
                if not finite:
                    raise ModelError(f"{file} must hold finite numbers: {path}: not so {name}")


_SEALED = (WEIGHTS, ENCODERS, CONFIG, METRICS)


def read_manifest(path: Path) -> Manifest:
    """Read the manifest of a model folder.

    Raises:
        ModelError: If it is no model folder, has another format or shape, or has changed.
    """
    file = path / MANIFEST
    if not os.path.lexists(file):
        models = sorted(folder.parent for folder in path.glob(f"seed-*/{MANIFEST}"))
        hint = f", a folder of models; name one of them, e.g. {models[0]}" if models else ""
        raise ModelError(
            f"a model folder must hold {MANIFEST}, as `train` writes it, got {path}{hint}"
        )
    header = _read(file, Header)
    if header.format != FORMAT:
        raise ModelError(
            f"a model folder must be of format {FORMAT} for class-sweep {__version__}, got format"
            f" {header.format}, written by class-sweep {header.version}: {path}"
        )
    manifest = _read(file, Manifest)
    try:
        tree = from_json(read_input(file, MAX_RESULT_BYTES))
        intact = tree.pop("seal", None) == fingerprint(tree)
    except (OSError, ValueError):  # it has changed meanwhile, or holds a number that is too long
        intact = False
    if not intact:
        raise ModelError(
            f"a model's files must be as they were written, got an altered {MANIFEST}: {path}"
        )
    return manifest


def read_metrics(path: Path) -> TrainingMetrics:
    """Read metrics.json of a model folder.

    Raises:
        ModelError: If it is missing or has another shape; the message names the file and the key.
    """
    return _read(path / METRICS, TrainingMetrics)


def _read(file: Path, model: type[Model]) -> Model:
    try:
        return read_json(file, model)
    except ResultsError as error:
        raise ModelError(str(error)) from None


def _flush(path: Path) -> None:
    path.chmod(0o644)  # safetensors writes 0600, which colleagues cannot read
    with path.open("rb") as file:
        os.fsync(file.fileno())

"""What a sweep or a training begins with: enough to repeat it and to explain a difference."""

import os
import platform
import sys
from dataclasses import asdict

import torch

from class_sweep.base.hashing import arrays_checksum, library_versions
from class_sweep.config.document import Space
from class_sweep.config.plugin_files import loaded_plugins
from class_sweep.config.settings_changes import flat_settings
from class_sweep.preparation.prepare import Prepared
from class_sweep.results.environment import (
    DroppedRow,
    Environment,
    Provenance,
    new_sweep_id,
    settings_hash,
)
from class_sweep.results.summary import SplitSizes

_PACKAGES = ("class-sweep", "ray", "torch", "optuna", "numpy", "scikit-learn", "rdkit")


def describe_provenance(space: Space, prepared: Prepared) -> Provenance:
    """The settings of a space, the checksums of its inputs, and the versions of the packages."""
    settings, features = flat_settings(space), prepared.features
    encoders = {
        "text_encoder": prepared.encoders.text,
        "molecule_encoder": prepared.encoders.molecule,
    }
    libraries = [name for encoder in encoders.values() for name in encoder.libraries]
    return Provenance(
        settings=settings,
        settings_sha256=settings_hash(settings),
        data_sha256=prepared.pairs.checksum(),
        encoder_sha256={
            name: digest
            for name, encoder in encoders.items()
            if (digest := encoder.files_fingerprint) is not None
        },
        features_sha256=features.checksum(),
        index_sha256={str(s): index.checksum() for s, index in features.indexes.items()}
        | {
            label: arrays_checksum({"difficulty": numbers}).hex()
            for label, numbers in features.difficulties.items()
        },
        packages=library_versions(*dict.fromkeys([*_PACKAGES, *libraries])),
        python=platform.python_version(),
        plugins={file.name: [file.sha256] for file in loaded_plugins()},
    )


def describe_environment(space: Space, prepared: Prepared) -> Environment:
    """The provenance of a new sweep with its id, its machine and its dropped rows."""
    return Environment(
        **dict(describe_provenance(space, prepared)),
        sweep_id=new_sweep_id(),
        platform=platform.platform(),
        cpus=os.cpu_count(),
        gpus=[torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
        seed=space.settings.search.seed,
        dropped=[DroppedRow(**asdict(row)) for row in prepared.pairs.dropped],
        command=sys.argv,
    )


def describe_told_sweep(space: Space, pairs: SplitSizes, data_sha256: str) -> Environment:
    """The environment of a new sweep whose trials a loop of the user's own trains.

    Args:
        space: The search space.
        pairs: The number of pairs in each split.
        data_sha256: The checksum of the pairs; empty where the loop has pairs of its own.
    """
    settings = flat_settings(space)
    return Environment(
        settings=settings,
        settings_sha256=settings_hash(settings),
        data_sha256=data_sha256,
        index_sha256={},
        packages=library_versions(*_PACKAGES),
        python=platform.python_version(),
        plugins={file.name: [file.sha256] for file in loaded_plugins()},
        sweep_id=new_sweep_id(),
        platform=platform.platform(),
        cpus=os.cpu_count(),
        gpus=[],
        seed=space.settings.search.seed,
        dropped=[],
        command=sys.argv,
        told_pairs=pairs,
    )

"""The environment of a sweep: enough to repeat the sweep and to explain a difference."""

import os
import platform
import sys
from dataclasses import asdict
from importlib.metadata import version

import torch

from class_sweep.config.document import Space
from class_sweep.data.pair import PairSet
from class_sweep.results.environment import DroppedRow, Environment, new_sweep_id
from class_sweep.training.features import TrialFeatures

_PACKAGES = ("class-sweep", "ray", "torch", "optuna", "numpy", "scikit-learn", "rdkit")


def describe_environment(pairs: PairSet, features: TrialFeatures, space: Space) -> Environment:
    """A new id, versions, machine, seed, dropped rows, and the checksums of data and indexes."""
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return Environment(
        sweep_id=new_sweep_id(),
        packages={name: version(name) for name in _PACKAGES},
        python=platform.python_version(),
        platform=platform.platform(),
        cpus=os.cpu_count(),
        gpus=gpus,
        seed=space.settings.search.seed,
        data_sha256=pairs.checksum(),
        index_sha256={str(s): index.checksum() for s, index in features.indexes.items()},
        dropped=[DroppedRow(**asdict(row)) for row in pairs.dropped],
        command=sys.argv,
    )

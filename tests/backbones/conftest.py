from collections.abc import Callable

import numpy as np
import pytest
import torch
from pydantic import BaseModel

from class_sweep.backbones.batch import Batch, InputSpec
from class_sweep.config.components import BACKBONES
from class_sweep.testing.samples import sample_features, sample_inputs
from class_sweep.training.features import TrialFeatures

CPU = torch.device("cpu")


@pytest.fixture(scope="session")
def settings() -> Callable[..., BaseModel]:
    """A backbone's settings, small where they have a size."""

    def build(name: str, **changes: object) -> BaseModel:
        small = {"hidden": 16, "dimension": 8, "layers": 2}
        section = BACKBONES.settings_class(name)
        sizes = {key: value for key, value in small.items() if key in section.model_fields}
        return section(name=name, **sizes | changes)

    return build


@pytest.fixture(scope="session")
def features() -> TrialFeatures:
    """Six pairs with every input that a backbone may read."""
    return sample_features(graphs=True)


@pytest.fixture(scope="session")
def inputs(features) -> InputSpec:
    return sample_inputs(features)


@pytest.fixture(scope="session")
def pairs(features) -> Callable[[list[int]], Batch]:
    """A batch of some of the six pairs."""
    return lambda rows: features.batch(np.array(rows), CPU)


@pytest.fixture
def batch(pairs) -> Batch:
    return pairs([0, 1, 2, 3, 4, 5])

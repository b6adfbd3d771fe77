from collections.abc import Callable, Iterator
from typing import Any, get_args

import numpy as np
import pytest
import torch
from pydantic import BaseModel

from class_sweep.backbones.inputs import Batch, Sources
from class_sweep.base.ragged import Ragged, offsets_of
from class_sweep.config.backbones import Backbone as BackboneSettings
from class_sweep.config.inputs import Mol2vecEncoder
from class_sweep.encoders.graphs import molecule_graphs
from class_sweep.training.features import TrialFeatures

SMILES = [
    "CC(=O)Nc1ccccc1",
    "CCO",
    "OC(=O)Cc1ccc2ccccc2c1",
    "C1CCCCC1N",
    "[Na+].[Cl-]",
    "CCOC(C)=O",
]
WIDTH, MOLECULE_WIDTH = 12, 10
CPU = torch.device("cpu")


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _sections(inner)


@pytest.fixture(scope="session")
def sections() -> dict[str, type[BaseModel]]:
    """Every backbone's settings by the name in a space file."""
    return {
        name: section
        for section in _sections(BackboneSettings)
        for name in get_args(section.model_fields["name"].annotation)
    }


@pytest.fixture(scope="session")
def settings(sections):
    """A backbone's settings, small where they have a size."""

    def build(name: str, **changes: object) -> BaseModel:
        small = {"hidden": 16, "dimension": 8, "layers": 2}
        known = sections[name].model_fields
        return sections[name](
            name=name, **{key: value for key, value in small.items() if key in known} | changes
        )

    return build


@pytest.fixture(scope="session")
def features() -> TrialFeatures:
    """Six pairs of everything that a backbone may read of frozen encoders."""
    generator = np.random.default_rng(7)
    lengths = np.array([5, 2, 9, 1, 3, 4])
    tokens = generator.normal(size=(lengths.sum(), WIDTH)).astype(np.float16)
    mol2vec = Mol2vecEncoder(kind="mol2vec", dimensions=6, epochs=1)
    graphs = molecule_graphs(mol2vec, SMILES * 4, np.arange(len(SMILES) * 4))
    return TrialFeatures(
        generator.normal(size=(6, WIDTH)).astype(np.float32),
        generator.normal(size=(6, MOLECULE_WIDTH)).astype(np.float32),
        np.zeros(6, np.int8),
        {},
        token_states=Ragged(tokens, offsets_of(lengths)),
        token_means=generator.normal(size=(6, WIDTH)).astype(np.float32),
        graphs=graphs.take(np.arange(6)),
    )


@pytest.fixture(scope="session")
def sources(features) -> Sources:
    return Sources(WIDTH, MOLECULE_WIDTH, features.graphs.vectors)


@pytest.fixture(scope="session")
def pairs(features) -> Callable[[list[int]], Batch]:
    """Some of the six pairs, in the order asked for."""
    return lambda rows: features.batch(np.array(rows), CPU)


@pytest.fixture
def batch(pairs) -> Batch:
    return pairs([0, 1, 2, 3, 4, 5])

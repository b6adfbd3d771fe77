from collections.abc import Callable

import numpy as np
import pytest
import torch
from pydantic import BaseModel

from class_sweep.backbones.batch import Batch, InputSpec
from class_sweep.base.ragged import Ragged, offsets_of
from class_sweep.config.components import BACKBONES
from class_sweep.config.inputs import Mol2vecEncoder
from class_sweep.encoders.graphs import graph_vocabulary, molecule_graphs
from class_sweep.encoders.substructures import molecule_sentences, train_vectors
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
    generator = np.random.default_rng(7)
    lengths = np.array([5, 2, 9, 1, 3, 4])
    tokens = generator.normal(size=(lengths.sum(), WIDTH)).astype(np.float16)
    mol2vec = Mol2vecEncoder(kind="mol2vec", dimensions=6, epochs=1)
    table = train_vectors(mol2vec, molecule_sentences(SMILES * 4, mol2vec.radius))
    vocabulary = graph_vocabulary(table, mol2vec.radius, SMILES)
    graphs = molecule_graphs(vocabulary, mol2vec.radius, SMILES)
    return TrialFeatures(
        generator.normal(size=(6, WIDTH)).astype(np.float32),
        generator.normal(size=(6, MOLECULE_WIDTH)).astype(np.float32),
        np.zeros(6, np.int8),
        {},
        token_states=Ragged(tokens, offsets_of(lengths)),
        token_means=generator.normal(size=(6, WIDTH)).astype(np.float32),
        graphs=graphs,
    )


@pytest.fixture(scope="session")
def inputs(features) -> InputSpec:
    return InputSpec(WIDTH, MOLECULE_WIDTH, features.graphs.vectors)


@pytest.fixture(scope="session")
def pairs(features) -> Callable[[list[int]], Batch]:
    """A batch of some of the six pairs."""
    return lambda rows: features.batch(np.array(rows), CPU)


@pytest.fixture
def batch(pairs) -> Batch:
    return pairs([0, 1, 2, 3, 4, 5])

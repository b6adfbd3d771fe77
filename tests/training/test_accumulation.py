"""A batch in parts: the gradients of one pass, whatever the backbone and the cut."""

import numpy as np
import pytest
import torch

from class_sweep.backbones.backbone import build_backbone
from class_sweep.backbones.batch import InputSpec
from class_sweep.base.ragged import Ragged, offsets_of
from class_sweep.config.backbones import (
    AmanBackbone,
    ContrastiveBackbone,
    OrmaBackbone,
    Text2MolBackbone,
)
from class_sweep.config.components import BACKBONES
from class_sweep.config.inputs import Mol2vecEncoder
from class_sweep.encoders.graphs import graph_vocabulary, molecule_graphs
from class_sweep.encoders.substructures import substructure_vectors
from class_sweep.training.accumulation import JoinedParts, parts_of
from class_sweep.training.encoding import encode
from class_sweep.training.features import TrialFeatures

CPU = torch.device("cpu")
SMILES = [
    "CC(=O)Nc1ccccc1",
    "CCO",
    "OC(=O)Cc1ccc2ccccc2c1",
    "C1CCCCC1N",
    "[Na+].[Cl-]",
    "CCOC(C)=O",
]
SMALL = {
    "contrastive": ContrastiveBackbone(name="contrastive", hidden=16, dimension=8, dropout=0.3),
    "text2mol": Text2MolBackbone(name="text2mol", hidden=16, dimension=8, molecule="gcn"),
    "aman": AmanBackbone(name="aman", hidden=16, dimension=8, dropout=0.3),
    "orma": OrmaBackbone(name="orma", hidden=16, dimension=8, dropout=0.3),
}


@pytest.fixture(scope="module")
def features() -> TrialFeatures:
    generator = np.random.default_rng(0)
    lengths = np.array([4, 9, 2, 7, 3, 5])
    mol2vec = Mol2vecEncoder(kind="mol2vec", dimensions=6, epochs=1)
    vocabulary = graph_vocabulary(substructure_vectors(mol2vec, SMILES), mol2vec.radius, SMILES)
    return TrialFeatures(
        generator.normal(size=(6, 12)).astype(np.float32),
        generator.normal(size=(6, 10)).astype(np.float32),
        np.zeros(6, np.int8),
        {},
        token_states=Ragged(
            generator.normal(size=(lengths.sum(), 12)).astype(np.float16), offsets_of(lengths)
        ),
        token_means=generator.normal(size=(6, 12)).astype(np.float32),
        graphs=molecule_graphs(vocabulary, mol2vec.radius, SMILES),
    )


@pytest.fixture
def build(features):
    def fresh(name):
        torch.manual_seed(0)
        return build_backbone(SMALL[name], InputSpec(12, 10, features.graphs.vectors))

    return fresh


def gradients(backbone, features, cuts):
    """The gradient of every parameter, and the encoded batch."""
    parts = [features.batch(rows, CPU) for rows in np.split(np.arange(6), cuts)]
    if not cuts:
        sides = encode(backbone, parts[0], CPU)
    else:
        cache = JoinedParts(parts_of(lambda batch: encode(backbone, batch, CPU), parts))
        sides = cache.sides
    sum(backbone.loss_parts(*sides).values()).backward()
    if cuts:
        cache.backward()
    by_name = {n: p.grad.clone() for n, p in backbone.named_parameters() if p.grad is not None}
    backbone.zero_grad(set_to_none=True)
    return by_name, sides


@pytest.mark.parametrize("name", sorted(BACKBONES))
@pytest.mark.parametrize("cuts", [[2, 4], [1], [4, 5]], ids=str)
def test_the_gradients_are_those_of_one_pass(build, features, name, cuts):
    backbone = build(name).eval()  # dropout would be drawn part by part
    require_equal_gradients(backbone, features, cuts)
    if backbone.weighs_negatives:
        backbone.hard_negatives = 2
        require_equal_gradients(backbone, features, cuts)


def require_equal_gradients(backbone, features, cuts):
    whole, sides = gradients(backbone, features, [])
    parted, joined = gradients(backbone, features, cuts)
    assert whole.keys() == parted.keys()
    for parameter, gradient in whole.items():
        torch.testing.assert_close(parted[parameter], gradient, atol=2e-5, rtol=1e-3)
    for side, other in zip(sides, joined, strict=True):
        for key, tensor in side.items():
            torch.testing.assert_close(other[key], tensor, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(
        backbone.logits(*joined), backbone.logits(*sides), atol=1e-4, rtol=1e-4
    )


def test_the_second_encoding_draws_the_dropout_of_the_first(build, features):
    backbone = build("contrastive").train()
    seen = []

    def watched(batch):
        texts, molecules = encode(backbone, batch, CPU)
        seen.append(texts["embedding"].detach())
        return texts, molecules

    parts = [features.batch(rows, CPU) for rows in np.split(np.arange(6), [3])]
    torch.manual_seed(5)
    cache = JoinedParts(parts_of(watched, parts))
    sum(backbone.loss_parts(*cache.sides).values()).backward()
    after = torch.get_rng_state()
    cache.backward()
    assert torch.equal(seen[0], seen[2])
    assert torch.equal(seen[1], seen[3])
    assert not torch.equal(encode(backbone, parts[0], CPU)[0]["embedding"], seen[0])
    torch.set_rng_state(after)

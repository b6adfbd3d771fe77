import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.backbones.backbone import build_backbone
from class_sweep.backbones.losses import contrast, hardest_triplet, scaled


def symmetric_cross_entropy(texts, molecules, log_scale, hard_negatives=0):
    return contrast(scaled(texts @ molecules.T, log_scale), hard_negatives)


def by_hand(texts, molecules, scale):
    """The formula in float64: the mean over both directions of −log softmax at the partner."""
    logits = scale * texts @ molecules.T

    def direction(rows):
        return np.mean([math.log(np.exp(row).sum()) - row[i] for i, row in enumerate(rows)])

    return (direction(logits) + direction(logits.T)) / 2


@given(st.integers(1, 9), st.integers(1, 6), st.floats(-2, 3), st.integers(0, 2**32 - 1))
def test_the_loss_is_the_formula(pairs, dimension, log_scale, seed):
    generator = np.random.default_rng(seed)
    texts, molecules = generator.normal(size=(2, pairs, dimension))
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    molecules /= np.linalg.norm(molecules, axis=1, keepdims=True)
    loss = symmetric_cross_entropy(
        *(torch.tensor(side, dtype=torch.float32) for side in (texts, molecules)),
        torch.tensor(log_scale, dtype=torch.float32),
    )
    expected = by_hand(texts, molecules, math.exp(log_scale))
    assert loss.item() == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_both_directions_have_equal_weight():
    generator = torch.Generator().manual_seed(0)
    texts, molecules = torch.randn(2, 5, 4, generator=generator, dtype=torch.float64)
    scale = torch.tensor(0.3, dtype=torch.float64)
    loss = symmetric_cross_entropy(texts, molecules, scale)
    torch.testing.assert_close(loss, symmetric_cross_entropy(molecules, texts, scale))


def test_equal_pairs_have_a_loss_of_the_logarithm_of_their_number():
    same = torch.ones(8, 1)
    assert symmetric_cross_entropy(same, same, torch.tensor(2.0)).item() == pytest.approx(
        math.log(8)
    )


@given(st.integers(2, 9), st.floats(0.01, 2), st.integers(0, 2**32 - 1))
def test_the_triplet_takes_the_hardest_negative_of_each_direction(pairs, margin, seed):
    similarity = np.random.default_rng(seed).uniform(-1, 1, (pairs, pairs))
    hinges = []
    for i in range(pairs):
        others = [j for j in range(pairs) if j != i]
        hardest = similarity[i, others].max(), similarity[others, i].max()
        hinges += [max(0.0, margin - similarity[i, i] + negative) for negative in hardest]
    loss = hardest_triplet(torch.tensor(similarity), margin)
    assert loss.item() == pytest.approx(np.mean(hinges))


@given(st.integers(2, 9), st.integers(0, 2**32 - 1))
def test_a_softened_triplet_lies_between_the_mean_negative_and_the_hardest(pairs, seed):
    similarity = torch.tensor(np.random.default_rng(seed).uniform(-1, 1, (pairs, pairs)))
    hardest = hardest_triplet(similarity, 2.5)  # a margin that no hinge cuts off
    others = similarity.masked_fill(torch.eye(pairs, dtype=torch.bool), 0)
    mean = 2.5 - similarity.diagonal().mean() + others.sum() / pairs / (pairs - 1)
    for softness in (1e-4, 0.05, 1.0):
        loss = hardest_triplet(similarity, 2.5, softness).item()
        assert mean.item() - 1e-9 <= loss <= hardest.item() + 1e-9
    assert hardest_triplet(similarity, 2.5, 1e-4).item() == pytest.approx(hardest.item(), abs=1e-3)
    assert hardest_triplet(similarity, 2.5, 1e3).item() == pytest.approx(mean.item(), abs=1e-2)


def test_a_triplet_that_keeps_its_margin_costs_nothing():
    assert hardest_triplet(torch.eye(4), 0.3).item() == 0


def loss_of(backbone, batch):
    sides = backbone.encode_texts(batch.texts), backbone.encode_molecules(batch.molecules)
    return backbone.loss_parts(*sides)["contrastive"]


def test_the_temperature_starts_at_its_setting(settings, inputs):
    for temperature in (0.01, 0.07, 1.0, 10.0):
        backbone = build_backbone(settings("contrastive", temperature=temperature), inputs)
        assert 1 / backbone.log_scale.exp().item() == pytest.approx(temperature, rel=1e-5)


def test_the_lowest_allowed_temperature_still_gets_a_gradient(settings, inputs, batch):
    backbone = build_backbone(
        settings("contrastive", temperature=0.01, learn_temperature=True), inputs
    )
    loss_of(backbone, batch).backward()
    assert backbone.log_scale.grad.item() != 0

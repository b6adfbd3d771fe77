import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.backbones.catalogue import build_backbone
from class_sweep.backbones.losses import symmetric_cross_entropy


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
    found = symmetric_cross_entropy(
        *(torch.tensor(side, dtype=torch.float32) for side in (texts, molecules)),
        torch.tensor(log_scale, dtype=torch.float32),
    )
    expected = by_hand(texts, molecules, math.exp(log_scale))
    assert found.item() == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_the_two_directions_are_worth_the_same():
    generator = torch.Generator().manual_seed(0)
    texts, molecules = torch.randn(2, 5, 4, generator=generator, dtype=torch.float64)
    scale = torch.tensor(0.3, dtype=torch.float64)
    one = symmetric_cross_entropy(texts, molecules, scale)
    torch.testing.assert_close(one, symmetric_cross_entropy(molecules, texts, scale))


def test_pairs_that_cannot_be_told_apart_lose_the_logarithm_of_their_number():
    same = torch.ones(8, 1)
    assert symmetric_cross_entropy(same, same, torch.tensor(2.0)).item() == pytest.approx(
        math.log(8)
    )


@pytest.fixture
def contrastive(settings):
    torch.manual_seed(0)
    return build_backbone(settings("contrastive", dropout=0.0), 12, 10)


def test_the_temperature_starts_where_it_is_set(settings):
    for temperature in (0.01, 0.07, 1.0, 10.0):
        backbone = build_backbone(settings("contrastive", temperature=temperature), 12, 10)
        assert 1 / backbone.log_scale.exp().item() == pytest.approx(temperature, rel=1e-5)


def test_the_scale_is_clamped_at_a_hundred(contrastive, batch):
    losses = {}
    for log_scale in (math.log(100), 5.0, 50.0, 1000.0):
        with torch.no_grad():
            contrastive.log_scale.fill_(log_scale)
        losses[log_scale] = contrastive.loss_parts(batch)["contrastive"].item()
    assert len(set(losses.values())) == 1


def test_the_lowest_temperature_that_may_be_set_is_still_learned(settings, batch):
    backbone = build_backbone(settings("contrastive", temperature=0.01), 12, 10)
    backbone.loss_parts(batch)["contrastive"].backward()
    assert backbone.log_scale.grad.item() != 0

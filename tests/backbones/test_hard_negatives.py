"""The weights of hard negatives, ρ, against the formula, and in every backbone."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from class_sweep.backbones.backbone import backbone_class, build_backbone, require_hard_negatives
from class_sweep.backbones.losses import contrast
from class_sweep.config.components import BACKBONES

seeds = st.integers(0, 2**32 - 1)
WEIGHING = sorted(name for name in BACKBONES if BACKBONES.load(name).weighs_negatives)


def drawn_logits(pairs, scale, seed):
    return scale * np.random.default_rng(seed).uniform(-1, 1, (pairs, pairs))


def weights(logits, rho):
    """(B, B) w_ij of one direction, one on the diagonal."""
    pairs = len(logits)
    weights = np.ones_like(logits)
    for i in range(pairs):
        others = [k for k in range(pairs) if k != i]
        mean = np.mean([math.exp(rho * logits[i, k]) for k in others])
        for j in others:
            weights[i, j] = math.exp(rho * logits[i, j]) / mean
    return weights


def direction(logits, weights):
    """The mean loss of one direction under given weights."""
    rows = [
        -math.log(math.exp(row[i]) / sum(w * math.exp(z) for w, z in zip(given, row, strict=True)))
        for i, (row, given) in enumerate(zip(logits, weights, strict=True))
    ]
    return np.mean(rows)


def by_hand(logits, of_texts, of_molecules):
    return (direction(logits, of_texts) + direction(logits.T, of_molecules)) / 2


@given(st.integers(2, 7), st.floats(0, 4), st.floats(0.1, 20), seeds)
def test_the_loss_is_the_formula_in_both_directions(pairs, rho, scale, seed):
    logits = drawn_logits(pairs, scale, seed)
    expected = by_hand(logits, weights(logits, rho), weights(logits.T, rho))
    assert contrast(torch.tensor(logits), rho).item() == pytest.approx(expected, rel=1e-9)


@given(st.integers(2, 5), st.floats(0.1, 4), st.floats(0.1, 5), seeds)
def test_the_weights_get_no_gradient(pairs, rho, scale, seed):
    logits = drawn_logits(pairs, scale, seed)
    given = torch.tensor(logits, requires_grad=True)
    contrast(given, rho).backward()
    fixed = weights(logits, rho), weights(logits.T, rho)
    step, expected = 1e-5, np.empty_like(logits)
    for at in np.ndindex(logits.shape):
        change = np.zeros_like(logits)
        change[at] = step
        ahead, behind = (by_hand(logits + sign * change, *fixed) for sign in (1, -1))
        expected[at] = (ahead - behind) / (2 * step)
    np.testing.assert_allclose(given.grad.numpy(), expected, atol=1e-7)


class Operations(TorchDispatchMode):
    """Counts dispatched operations."""

    count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Count and run one operation."""
        self.count += 1
        return func(*args, **(kwargs or {}))


def test_without_hard_negatives_the_loss_is_the_plain_one_in_bits_and_operations():
    def plain(logits):
        target = torch.arange(len(logits), device=logits.device)
        forward = functional.cross_entropy(logits, target)
        return (forward + functional.cross_entropy(logits.T, target)) / 2

    counts, results = [], []
    for loss_of in (plain, contrast):
        logits = torch.tensor(drawn_logits(9, 15, 0), dtype=torch.float32, requires_grad=True)
        with Operations() as counter:
            loss = loss_of(logits)
            loss.backward()
        counts.append(counter.count)
        results.append((loss, logits.grad))
    assert counts[1] <= counts[0]
    for expected, found in zip(*results, strict=True):
        assert torch.equal(found, expected)


@given(st.integers(2, 9), st.floats(0, 4), seeds)
def test_extreme_logits_give_finite_losses_and_gradients(pairs, rho, seed):
    generator = torch.Generator().manual_seed(seed)
    logits = 100 * torch.randint(-1, 2, (pairs, pairs), generator=generator).float()
    logits.requires_grad_()
    loss = contrast(logits, rho)
    loss.backward()
    assert 0 <= loss.item() < math.inf
    assert torch.isfinite(logits.grad).all()


@given(st.integers(2, 9), st.floats(-5, 5), st.floats(0, 4))
def test_negatives_that_are_alike_have_weight_one(pairs, logit, rho):
    logits = torch.full((pairs, pairs), logit, dtype=torch.float64)
    assert contrast(logits, rho).item() == pytest.approx(math.log(pairs))


def test_a_harder_negative_counts_for_more():
    easy = torch.tensor([[2.0, -4, -4], [-4, 2, -4], [-4, -4, 2]])
    hard = easy.clone()
    hard[0, 1] = 1
    rise = [contrast(hard, rho) - contrast(easy, rho) for rho in (0, 0.5, 2)]
    assert rise == sorted(rise)


def test_one_pair_has_no_negatives_to_weigh():
    assert contrast(torch.ones(1, 1)).item() == 0
    with pytest.raises(ValueError, match="must be 0 for a batch of one pair"):
        contrast(torch.ones(1, 1), 1)


def parts_of(backbone, batch, rho):
    backbone.hard_negatives = rho
    sides = backbone.encode_texts(batch.texts), backbone.encode_molecules(batch.molecules)
    return backbone.loss_parts(*sides)


@pytest.mark.parametrize("name", WEIGHING)
def test_every_part_of_a_loss_that_weighs_negatives_reads_them(name, settings, inputs, batch):
    backbone = build_backbone(settings(name), inputs).eval()
    plain, weighed = (parts_of(backbone, batch, rho) for rho in (0, 2))
    assert all(not torch.isclose(plain[part], weighed[part]) for part in backbone.parts)


def test_three_backbones_weigh_negatives_and_aman_names_its_own_setting(settings):
    assert WEIGHING == ["contrastive", "orma", "text2mol"]
    for name in BACKBONES:
        require_hard_negatives(backbone_class(settings(name)), 0)
    with pytest.raises(
        ValueError, match=r"^must be 0 for .* Aman, which has backbone\.softness for this, got 0\.5"
    ):
        require_hard_negatives(backbone_class(settings("aman")), 0.5)

"""Optimal transport against a loop in float64, and the properties of a plan."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.backbones import transport
from class_sweep.backbones.transport import aligned, proximal_plan


def by_hand(cost, beta, iterations):
    """IPOT (arXiv 1802.04307, algorithm 1, L = 1) of one problem, with plain products."""
    rows, columns = cost.shape
    scale, plan, kernel = np.ones(columns) / columns, np.ones(cost.shape), np.exp(-cost / beta)
    for _ in range(iterations):
        grown = kernel * plan
        row_scale = 1 / rows / (grown @ scale)
        scale = 1 / columns / (grown.T @ row_scale)
        plan = row_scale[:, None] * grown * scale
    return plan


@given(st.integers(1, 7), st.integers(1, 5), st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_a_plan_is_that_of_the_loop(rows, columns, iterations, seed):
    cost = np.random.default_rng(seed).uniform(0, 2, (rows, columns))
    masks = torch.ones(1, rows, dtype=torch.bool), torch.ones(1, columns, dtype=torch.bool)
    plan = proximal_plan(torch.tensor(cost)[None], *masks, beta=0.5, iterations=iterations)
    np.testing.assert_allclose(
        plan[0].exp().numpy(), by_hand(cost, 0.5, iterations), rtol=1e-6, atol=1e-12
    )


@pytest.fixture
def problems():
    """Four problems of unequal sizes, padded with costs that must not matter."""
    generator = torch.Generator().manual_seed(0)
    cost = torch.rand(4, 9, 6, generator=generator) * 2
    rows = torch.arange(9) < torch.tensor([9, 4, 1, 6])[:, None]
    columns = torch.arange(6) < torch.tensor([6, 3, 5, 1])[:, None]
    return cost, rows, columns


def test_masses_are_uniform_outside_of_the_padding(problems):
    cost, rows, columns = problems
    plan = proximal_plan(cost, rows, columns, beta=0.5, iterations=50).exp()
    assert torch.isfinite(plan).all()
    assert (plan[~(rows[:, :, None] & columns[:, None])] == 0).all()
    for masses, r, c in zip(plan, rows, columns, strict=True):
        column_mass = torch.where(c, 1 / c.sum(), 0.0)
        torch.testing.assert_close(masses.sum(0), column_mass)
        torch.testing.assert_close(
            masses.sum(1), torch.where(r, 1 / r.sum(), 0.0), atol=0.02, rtol=0
        )


def test_float32_in_log_space_agrees_with_float64_and_padding_changes_nothing(problems):
    cost, rows, columns = problems
    together = proximal_plan(cost, rows, columns, beta=0.5, iterations=50).exp()
    for plan, problem, r, c in zip(together, cost, rows, columns, strict=True):
        alone = by_hand(problem[r][:, c].double().numpy(), 0.5, 50)
        np.testing.assert_allclose(plan[r][:, c].numpy(), alone, rtol=1e-3, atol=1e-6)


def test_the_plan_costs_little_more_than_the_best_one():
    cost = torch.rand(1, 6, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    mask = torch.ones(1, 6, dtype=torch.bool)
    plan = proximal_plan(cost, mask, mask, beta=0.5, iterations=200).exp()
    from scipy.optimize import linear_sum_assignment

    best = cost[0][linear_sum_assignment(cost[0])].sum() / 6
    assert (plan * cost).sum().item() == pytest.approx(best.item(), abs=1e-3)


def test_a_token_is_aligned_with_the_column_of_most_of_its_mass(problems, monkeypatch):
    cost, rows, columns = problems
    plan = proximal_plan(cost, rows, columns, beta=0.5, iterations=50)
    whole = aligned(1 - cost, rows, columns, beta=0.5, iterations=50)
    assert torch.equal(whole[rows], plan.argmax(2)[rows])
    assert not torch.equal(whole[rows], plan.masked_fill(plan == -math.inf, 9).argmin(2)[rows])
    monkeypatch.setattr(transport, "_LARGEST_IN_CACHE", 60)  # one problem per block
    one_by_one = aligned(1 - cost, rows, columns, beta=0.5, iterations=50)
    assert torch.equal(one_by_one[rows], whole[rows])


def test_a_gpu_solves_padded_blocks_with_the_same_result(problems, monkeypatch):
    cost, rows, columns = problems
    trimmed = aligned(1 - cost, rows, columns, beta=0.5, iterations=50)
    monkeypatch.setattr(transport, "_knows_sizes", lambda _: False)
    for largest in (60, 1 << 24):
        monkeypatch.setattr(transport, "_LARGEST", largest)
        padded = aligned(1 - cost, rows, columns, beta=0.5, iterations=50)
        assert torch.equal(padded[rows], trimmed[rows])


@given(st.floats(0.05, 3), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_an_extreme_beta_loses_no_mass_in_float32(beta, iterations, seed):
    generator = np.random.default_rng(seed)
    cost = np.where(generator.uniform(size=(8, 5)) < 0.3, 2.0, generator.uniform(0, 2, (8, 5)))
    masks = torch.ones(1, 8, dtype=torch.bool), torch.ones(1, 5, dtype=torch.bool)
    given_cost = torch.tensor(cost, dtype=torch.float32)[None]
    plan = proximal_plan(given_cost, *masks, beta=beta, iterations=iterations)[0].exp().numpy()
    np.testing.assert_allclose(plan.sum(0), np.full(5, 1 / 5), rtol=1e-3)
    exact = proximal_plan(torch.tensor(cost)[None], *masks, beta=beta, iterations=iterations)
    np.testing.assert_allclose(plan, exact[0].exp().numpy(), atol=1e-3)

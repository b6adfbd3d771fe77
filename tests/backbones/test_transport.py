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


@pytest.fixture
def many():
    """Enough problems for a compiled step."""
    generator = torch.Generator().manual_seed(2)
    cost = 1 - torch.rand(300, 24, 12, generator=generator)
    rows = torch.arange(24) < torch.randint(1, 25, (300, 1), generator=generator)
    columns = torch.arange(12) < torch.randint(1, 13, (300, 1), generator=generator)
    assert cost.numel() >= transport._WORTH_COMPILING
    return cost, rows, columns


@pytest.fixture
def advances(monkeypatch):
    """The number of uncompiled steps."""
    transport._compiled("cpu")  # of the step itself
    taken = []
    plain = transport._advance
    monkeypatch.setattr(transport, "_advance", lambda *given: taken.append(1) or plain(*given))
    return taken


def test_a_compiled_plan_equals_the_uncompiled_one(many, advances, monkeypatch):
    cost, rows, columns = many
    compiled = proximal_plan(*many, beta=0.5, iterations=50)
    stats = torch._dynamo.utils.counters["stats"]
    graphs = stats["unique_graphs"]
    smaller = cost[:290, :20], rows[:290, :20], columns[:290]
    proximal_plan(*(part.contiguous() for part in smaller), beta=1, iterations=5)
    assert stats["unique_graphs"] == graphs  # one graph for all sizes
    assert not advances
    monkeypatch.setattr(transport, "_WORTH_COMPILING", 1 << 40)
    plain = proximal_plan(*many, beta=0.5, iterations=50)
    assert len(advances) == 50
    torch.testing.assert_close(compiled.exp(), plain.exp(), atol=1e-6, rtol=1e-4)


def test_without_a_compiler_the_step_runs_uncompiled_with_one_warning(
    many, advances, monkeypatch, caplog
):
    def fails(*_, **__):
        raise RuntimeError("no C++ compiler\nand much more")

    monkeypatch.setattr(torch, "compile", lambda *_, **__: fails)
    transport._compiled.cache_clear()
    try:
        for _ in range(2):
            plan = proximal_plan(*many, beta=0.5, iterations=3)
    finally:
        transport._compiled.cache_clear()
    assert len(advances) == 6
    assert torch.isfinite(plan.exp()).all()
    assert [r.getMessage() for r in caplog.records] == [
        "ORMA's transport is not compiled, and so slower: no C++ compiler"
    ]


@pytest.mark.parametrize("size", [(1, 300, 300), (300, 1, 300), (300, 300, 1)])
def test_sizes_that_would_be_compiled_anew_run_uncompiled(advances, size):
    cost = torch.rand(*size)
    masks = torch.ones(size[:2], dtype=torch.bool), torch.ones(size[::2], dtype=torch.bool)
    proximal_plan(cost, *masks, beta=0.5, iterations=2)
    assert len(advances) == 2

"""The error bounds of both fast products, on which the exactness of the index rests."""

import numpy as np
import pytest
import torch

from class_sweep.difficulty import screen
from class_sweep.difficulty.screen import (
    ExactRows,
    Panel,
    approximate,
    exact_block,
    exact_pairs,
    float32_slack,
    in_float32,
)
from class_sweep.difficulty.similarity import Similarity
from class_sweep.difficulty.vectors import PairVectors

SIMILARITIES = [Similarity(), Similarity(0.4, "tanimoto")]
CPU = torch.device("cpu")


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=str)
@pytest.mark.parametrize("similarity", SIMILARITIES, ids=str)
def test_the_error_of_the_screen_is_within_its_slack(look_alikes, counting_with, dtype, similarity):
    text, molecule = look_alikes(400, spread=0.05)
    with counting_with(dtype):
        panel = Panel.of(PairVectors.of(text, molecule, similarity), range(400))
    all_rows = slice(0, 400)
    value = approximate(panel, panel, all_rows, all_rows)[0].float().clamp(-1, 1).numpy()
    exact = exact_block(panel.exact_rows(all_rows), panel.exact_rows(all_rows))
    error = np.abs(value - exact)
    assert (error <= panel.slack[:, None] + panel.slack).all()
    assert panel.slack.max() < (0.005 if dtype == torch.bfloat16 else 1e-4)
    if dtype == torch.bfloat16:
        assert error.max() > 1e-4


@pytest.mark.parametrize("similarity", SIMILARITIES, ids=str)
def test_the_error_of_a_float32_product_is_within_its_slack(similarity):
    generator = np.random.default_rng(0)
    text = generator.normal(size=(300, 700)).astype(np.float32) + np.float32(0.5)
    molecule = np.maximum(0, generator.normal(size=(300, 90))).astype(np.float32)
    rows = ExactRows.of(PairVectors.of(text, molecule, similarity), range(300))
    error = np.abs(in_float32(rows, rows, CPU)[0].numpy() - exact_block(rows, rows))
    slack = float32_slack(rows.z.shape[1])
    assert 2.0**-26 < error.max() <= slack < 1e-5


@pytest.mark.parametrize("terms", [1, 7, 10**6])
def test_the_slack_holds_for_any_number_of_terms_per_partial_sum(look_alikes, monkeypatch, terms):
    monkeypatch.setattr(screen, "_TERMS", terms)
    rows = ExactRows.of(PairVectors.of(*look_alikes(100), Similarity()), range(100))
    error = np.abs(in_float32(rows, rows, CPU)[0].numpy() - exact_block(rows, rows))
    assert error.max() <= float32_slack(rows.z.shape[1])


def test_a_lower_matmul_precision_widens_the_slack():
    full_precision = float32_slack(684)
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("medium")
        assert float32_slack(684) >= full_precision + 2 * 2.0**-8
    finally:
        torch.set_float32_matmul_precision(before)
    assert float32_slack(684) == full_precision


@pytest.mark.parametrize("similarity", [Similarity(), Similarity(0.0, "tanimoto")], ids=str)
def test_chosen_pairs_equal_the_entries_of_the_block(look_alikes, similarity):
    text, molecule = look_alikes(90)
    vectors = PairVectors.of(text, molecule, similarity)
    rows, columns = ExactRows.of(vectors, range(50)), ExactRows.of(vectors, range(50, 90))
    i, j = (a.ravel() for a in np.indices((50, 40)))
    block = exact_block(rows, columns)
    np.testing.assert_allclose(exact_pairs(rows, columns, i, j), block.ravel(), atol=1e-15)

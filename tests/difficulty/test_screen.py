"""The error bounds of both fast products, which every exact path leans on."""

import numpy as np
import pytest
import torch

from class_sweep.difficulty import screen
from class_sweep.difficulty.screen import (
    Panel,
    Wide,
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
def test_no_value_strays_further_than_the_slack(look_alikes, on, dtype, similarity):
    text, molecule = look_alikes(400, spread=0.05)
    with on(dtype):
        panel = Panel.of(PairVectors.of(text, molecule, similarity), range(400))
    everything = slice(0, 400)
    value = approximate(panel, panel, everything, everything)[0].float().clamp(-1, 1).numpy()
    exact = exact_block(panel.wide(everything), panel.wide(everything))
    error = np.abs(value - exact)
    assert (error <= panel.slack[:, None] + panel.slack).all()
    assert panel.slack.max() < (0.005 if dtype == torch.bfloat16 else 1e-4)
    if dtype == torch.bfloat16:
        assert error.max() > 1e-4


@pytest.mark.parametrize("similarity", SIMILARITIES, ids=str)
def test_a_product_in_float32_strays_no_further_than_its_slack(similarity):
    generator = np.random.default_rng(0)
    text = generator.normal(size=(300, 700)).astype(np.float32) + np.float32(0.5)
    molecule = np.maximum(0, generator.normal(size=(300, 90))).astype(np.float32)
    wide = Wide.of(PairVectors.of(text, molecule, similarity), range(300))
    error = np.abs(in_float32(wide, wide, CPU)[0].numpy() - exact_block(wide, wide))
    slack = float32_slack(wide.z.shape[1])
    assert 2.0**-26 < error.max() <= slack < 1e-5


@pytest.mark.parametrize("terms", [1, 7, 10**6])
def test_however_few_terms_are_added_up_at_a_time(look_alikes, monkeypatch, terms):
    monkeypatch.setattr(screen, "_TERMS", terms)
    wide = Wide.of(PairVectors.of(*look_alikes(100), Similarity()), range(100))
    error = np.abs(in_float32(wide, wide, CPU)[0].numpy() - exact_block(wide, wide))
    assert error.max() <= float32_slack(wide.z.shape[1])


def test_a_process_that_allows_shorter_inputs_widens_the_slack():
    whole = float32_slack(684)
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("medium")
        assert float32_slack(684) >= whole + 2 * 2.0**-8
    finally:
        torch.set_float32_matmul_precision(before)
    assert float32_slack(684) == whole


@pytest.mark.parametrize("similarity", [Similarity(), Similarity(0.0, "tanimoto")], ids=str)
def test_chosen_pairs_are_those_of_the_block(look_alikes, similarity):
    text, molecule = look_alikes(90)
    vectors = PairVectors.of(text, molecule, similarity)
    rows, columns = Wide.of(vectors, range(50)), Wide.of(vectors, range(50, 90))
    i, j = (a.ravel() for a in np.indices((50, 40)))
    block = exact_block(rows, columns)
    np.testing.assert_allclose(exact_pairs(rows, columns, i, j), block.ravel(), atol=1e-15)

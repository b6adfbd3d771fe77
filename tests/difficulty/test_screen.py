"""The screen's error bound, which every exact path leans on."""

import numpy as np
import pytest
import torch

from class_sweep.difficulty.screen import Panel, approximate, exact_block, exact_pairs
from class_sweep.difficulty.similarity import Similarity
from class_sweep.difficulty.vectors import PairVectors


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=str)
@pytest.mark.parametrize("similarity", [Similarity(), Similarity(0.4, "tanimoto")], ids=str)
def test_no_value_strays_further_than_the_slack(look_alikes, on, dtype, similarity):
    text, molecule = look_alikes(400, spread=0.05)
    with on(dtype):
        panel = Panel.of(PairVectors.of(text, molecule, similarity), range(400))
    everything = slice(0, 400)
    value = approximate(panel, panel, everything, everything)[0].float().clamp(-1, 1).numpy()
    exact = exact_block(panel, panel, everything, everything)
    error = np.abs(value - exact)
    assert (error <= panel.slack[:, None] + panel.slack).all()
    assert panel.slack.max() < (0.005 if dtype == torch.bfloat16 else 1e-4)
    if dtype == torch.bfloat16:
        assert error.max() > 1e-4


@pytest.mark.parametrize("similarity", [Similarity(), Similarity(0.0, "tanimoto")], ids=str)
def test_chosen_pairs_are_those_of_the_block(look_alikes, similarity):
    text, molecule = look_alikes(90)
    vectors = PairVectors.of(text, molecule, similarity)
    rows, columns = Panel.of(vectors, range(50)), Panel.of(vectors, range(50, 90))
    i, j = (a.ravel() for a in np.indices((50, 40)))
    block = exact_block(rows, columns, slice(0, 50), slice(0, 40))
    np.testing.assert_allclose(exact_pairs(rows, columns, i, j), block.ravel(), atol=1e-15)

"""The estimate of the share of wrong pairs against simulated mixtures whose share is known."""

import numpy as np
import pytest

from class_sweep.statistics.wrong_share import wrong_share


def mixture(rng, share, pairs=2000):
    """Right pairs fit far better than mismatched ones; wrong pairs fit like mismatched ones."""
    wrong = rng.random(pairs) < share
    misfit = np.where(wrong, np.log(rng.random(pairs)), np.log(rng.random(pairs)) - 6)
    return misfit, np.log(rng.random(2000)), wrong.mean()


@pytest.mark.parametrize(
    "share", [0.0, 0.14, 1.0, *(pytest.param(s, marks=pytest.mark.long) for s in (0.02, 0.5))]
)
def test_the_interval_holds_the_true_share_about_as_often_as_it_says(share):
    rng = np.random.default_rng(round(100 * share))
    held, errors = [], []
    for seed in range(40):
        misfit, mismatched, _ = mixture(rng, share)
        estimate = wrong_share(misfit, mismatched, seed=seed)
        held.append(estimate.low - 1e-3 <= share <= estimate.high + 1e-3)
        errors.append(estimate.share - share)
    assert np.mean(held) >= 0.85
    assert abs(np.mean(errors)) < 0.015


def test_an_estimate_is_a_share_and_within_its_interval():
    rng = np.random.default_rng(0)
    for share in (0.0, 0.3, 1.0):
        misfit, mismatched, _ = mixture(rng, share, pairs=200)
        found = wrong_share(misfit, mismatched)
        assert 0 <= found.low <= found.share <= found.high <= 1


def test_pairs_that_all_fit_alike_are_half_above_the_median():
    assert wrong_share(np.zeros(50), np.zeros(50)).share == 1


def test_a_share_is_notable_if_its_whole_interval_is_above_five_per_cent():
    rng = np.random.default_rng(1)
    assert wrong_share(*mixture(rng, 0.14)[:2]).is_notable
    assert not wrong_share(*mixture(rng, 0.05)[:2]).is_notable
    assert not wrong_share(*mixture(rng, 0.0)[:2]).is_notable

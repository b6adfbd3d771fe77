"""The decision rule on simulated sweeps: how often it is wrong, and what it finds."""

import numpy as np
import pytest
from false_positives import CHANGED, OUTSIDE, PROMISED
from power import fewest_seeds, last_look_at
from simulated_verdicts import Scenario, Stage, simulate

from class_sweep.statistics import sequential
from class_sweep.statistics.interim_looks import ALPHA, ALPHA_SHARES

ROWS = (
    "exchangeable, 40 seeds", "heavy tails (t, 3 degrees)", "hits@1 on 100 queries",
    "margin, loss of the margin", "finalists changed after looks",
)  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_at_most_one_sweep_in_twenty_makes_a_false_claim(row):
    generator = np.random.default_rng(0)
    wrong = sum(simulate(PROMISED[row], generator).false for _ in range(100))
    # A true rate of 5 % gives 11 of 100 or more with a probability of 1 %.
    assert wrong <= 10


def test_finalists_of_another_shape_of_noise_are_outside_of_the_promise():
    generator = np.random.default_rng(0)
    scenario = OUTSIDE["only finalists lognormal"]
    assert np.mean([simulate(scenario, generator).false for _ in range(100)]) > ALPHA


def test_a_large_difference_is_found_with_fewer_runs_than_the_maximum():
    generator = np.random.default_rng(1)
    verdicts = [simulate(Scenario(effects=(5.0,)), generator) for _ in range(50)]
    assert all(verdict.best for verdict in verdicts)
    arms = 3 + 1 + 3 + 3
    assert np.mean([verdict.runs for verdict in verdicts]) < 0.75 * 10 * arms


def test_a_claim_of_a_bounded_loss_is_false_where_the_loss_is_the_margin():
    scenario = Scenario(margin=1.0, effects=(-1.0,), sd=1e-6, stages=(Stage(1, 5),))
    assert not simulate(scenario, np.random.default_rng(0)).false
    assert max(stage.finalists for stage in CHANGED) > CHANGED[0].finalists


@pytest.mark.parametrize("seeds", [4, 8, 20])
def test_the_last_look_is_moved_for_a_power_and_put_back(seeds):
    usual = sequential.LOOKS
    with last_look_at(seeds):
        assert seeds in sequential.LOOKS
        assert list(sequential.LOOKS) == sorted(set(sequential.LOOKS))
        assert sum(sequential.ALPHA_SHARES) <= sum(ALPHA_SHARES) + 1e-9
    assert usual == sequential.LOOKS


def test_a_large_difference_needs_the_fewest_seeds():
    assert fewest_seeds(1e-3, 5)[:2] == (4, 1.0)

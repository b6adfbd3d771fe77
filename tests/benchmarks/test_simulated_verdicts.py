"""The decision rule on simulated sweeps: how often it is wrong, and what it finds."""

import numpy as np
import pytest
from simulated_verdicts import Scenario, simulate

from class_sweep.statistics.interim_looks import ALPHA


@pytest.mark.parametrize(
    "scenario",
    [Scenario(), Scenario(tails=3), Scenario(finalists=1, max_seeds=40), Scenario(shared=0.0)],
    ids=["normal", "heavy tails", "one finalist, 40 seeds", "no shared noise"],
)
def test_under_the_null_hypothesis_at_most_one_sweep_in_twenty_claims_a_difference(scenario):
    generator = np.random.default_rng(0)
    sweeps = 300
    wrong = sum(simulate(scenario, generator).any for _ in range(sweeps))
    # A true rate of 5 % gives 24 of 300 or more with a probability of 2.5 %.
    assert wrong <= 23
    assert wrong / sweeps <= ALPHA


def test_a_large_difference_is_found_with_fewer_runs_than_the_maximum():
    generator = np.random.default_rng(1)
    claims = [simulate(Scenario(effect=5.0), generator) for _ in range(50)]
    assert all(claim.first for claim in claims)
    arms = 3 + 1 + 3 + 3
    assert np.mean([claim.runs for claim in claims]) < 0.75 * 10 * arms

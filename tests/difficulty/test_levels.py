"""The tables of thresholds give the results of bisection."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from class_sweep.difficulty.levels import Levels, LevelTable


def reached(thresholds, values):
    level = np.searchsorted(thresholds - 1e-9, values, side="right")
    positions = np.flatnonzero(level)
    return positions, level[positions]


@pytest.mark.parametrize("step", [0.001, 0.0001, 1e-6])
def test_a_grid_of_thresholds_equals_bisection(step):
    thresholds = np.arange(0.5, 0.99, step)[:20_000]
    near = (thresholds[::7, None] + [-1e-7, -2e-9, -5e-10, 0, 5e-10, 1e-7]).ravel()
    values = np.concatenate([near, np.linspace(-1, 1, 10_001)])
    for result, expected in zip(
        Levels(thresholds).reached(values), reached(thresholds, values), strict=True
    ):
        np.testing.assert_array_equal(result, expected)


@settings(deadline=None)
@given(
    st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=20, unique=True),
    st.lists(st.floats(-1, 1), max_size=50),
)
def test_any_thresholds_equal_bisection(thresholds, values):
    thresholds = np.unique(np.array(thresholds, dtype=np.float64))
    values = np.concatenate([values, thresholds])
    for result, expected in zip(
        Levels(thresholds).reached(values), reached(thresholds, values), strict=True
    ):
        np.testing.assert_array_equal(result, expected)


def test_without_thresholds_no_similarity_reaches_one():
    assert Levels(np.empty(0)).reached(np.ones(3))[0].size == 0


def check_table(thresholds, exact, slack):
    """Check that values within the slack are decided as the exact ones, or stay undecided.

    Returns:
        The fraction of decided values.
    """
    table = LevelTable(Levels(thresholds), slack, torch.device("cpu"))
    expected = np.searchsorted(thresholds - 1e-9, exact, side="right")
    decided = []
    for error in np.array([-0.98, -0.3, 0, 0.3, 0.98]) * slack:
        level = table.look_up(torch.from_numpy((exact + error).astype(np.float32))[None]).numpy()[0]
        decided.append(level != table.undecided)
        np.testing.assert_array_equal(level[decided[-1]], expected[decided[-1]])
    return np.mean(decided)


@pytest.mark.parametrize("step", [0.1, 0.001, 0.0001, 1e-6])
def test_values_within_the_slack_are_correct_on_a_grid(step):
    thresholds = np.round(np.arange(0.5, 0.99, step)[:5000], 7)
    near = (thresholds[:: len(thresholds) // 5, None] + np.linspace(-1e-5, 1e-5, 401)).ravel()
    check_table(thresholds, near, 4.6e-6)


def test_less_than_1_percent_of_values_stay_undecided():
    thresholds = np.round(np.arange(0.5, 0.9901, 0.001), 6)
    assert check_table(thresholds, np.linspace(-1, 1, 100_003), 4.6e-6) > 0.99


@settings(deadline=None)
@given(
    st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=20, unique=True),
    st.lists(st.floats(-1, 1), max_size=50),
    st.sampled_from([2e-6, 1e-4, 0.02]),
)
def test_values_within_the_slack_are_correct_at_any_thresholds(thresholds, values, slack):
    thresholds = np.unique(np.array(thresholds, dtype=np.float64))
    check_table(thresholds, np.concatenate([values, thresholds]), slack)


def test_values_outside_the_thresholds_reach_none_or_all():
    table = LevelTable(Levels(np.array([0.2, 0.4])), 1e-6, torch.device("cpu"))
    values = torch.tensor([[-torch.inf, -1.0, 0.3, 1.0, torch.inf]])
    assert table.look_up(values).tolist() == [[0, 0, 1, 2, 2]]

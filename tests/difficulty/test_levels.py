"""How many thresholds a similarity reaches: the table against bisection."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from class_sweep.difficulty.levels import Levels


def reached(thresholds, values):
    level = np.searchsorted(thresholds - 1e-9, values, side="right")
    places = np.flatnonzero(level)
    return places, level[places]


@pytest.mark.parametrize("step", [0.001, 0.0001, 1e-6])
def test_a_grid(step):
    thresholds = np.arange(0.5, 0.99, step)[:20_000]
    near = (thresholds[::7, None] + [-1e-7, -2e-9, -5e-10, 0, 5e-10, 1e-7]).ravel()
    values = np.concatenate([near, np.linspace(-1, 1, 10_001)])
    for found, expected in zip(
        Levels(thresholds).reached(values), reached(thresholds, values), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


@settings(deadline=None)
@given(
    st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=20, unique=True),
    st.lists(st.floats(-1, 1), max_size=50),
)
def test_any_thresholds(thresholds, values):
    thresholds = np.unique(np.array(thresholds, dtype=np.float64))
    values = np.concatenate([values, thresholds])
    for found, expected in zip(
        Levels(thresholds).reached(values), reached(thresholds, values), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_no_threshold_is_never_reached():
    assert Levels(np.empty(0)).reached(np.ones(3))[0].size == 0

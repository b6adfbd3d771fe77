"""Spearman's rank correlation against SciPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import spearmanr

from class_sweep.statistics.rank_correlation import rank_correlation

few_values = st.integers(0, 4)


def is_constant(values):
    return len(np.unique(values)) == 1


@given(st.data())
def test_rank_correlation_is_spearman_with_averaged_ties(data):
    a = data.draw(arrays.arrays(np.int32, st.integers(2, 40), elements=few_values))
    b = data.draw(arrays.arrays(np.float64, len(a), elements=few_values.map(float)))
    rho = rank_correlation(a, b)
    if is_constant(a) or is_constant(b):
        assert rho is None
    else:
        assert rho == pytest.approx(spearmanr(a, b).statistic, abs=1e-12)

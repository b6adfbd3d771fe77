"""The prior that the variances of a confirmation's comparisons are shrunk to."""

import numpy as np
import pytest

from class_sweep.statistics.moderation import estimate_prior
from class_sweep.statistics.paired import PairedDifferences


def pairs(*variances, n=5):
    return [PairedDifferences(n, 0.0, v**0.5, v, n - 1) for v in variances]


def test_three_equal_variances_give_the_prior_the_degrees_of_two():
    prior = estimate_prior(pairs(2.0, 2.0, 2.0))
    assert (prior.variance, prior.degrees) == (pytest.approx(2.0), pytest.approx(8.0))
    moderated = prior.moderate(pairs(5.0)[0])
    assert (moderated.variance, moderated.degrees) == (pytest.approx(3.0), pytest.approx(12.0))


@pytest.mark.parametrize(("k", "degrees"), [(1, 0.0), (2, 6.0), (3, 8.0), (6, 10.0), (30, 11.6)])
def test_the_degrees_are_bounded_by_three_times_those_of_one(k, degrees):
    # Logarithms that vary a little more than five seeds explain: limma gives many degrees.
    logs = np.resize([-1.0, 0.0, 1.0], k)
    logs *= np.sqrt(0.66) / (np.std(logs, ddof=1) if k > 1 else 1)  # trigamma(2) is 0.645
    prior = estimate_prior(pairs(*np.exp(logs)))
    assert prior.degrees == pytest.approx(degrees)


def test_the_prior_variance_is_the_mean_and_unlike_variances_give_few_degrees():
    prior = estimate_prior(pairs(1.0, 1.0, 1e4))
    assert prior.variance == pytest.approx(10002 / 3)
    assert prior.degrees < 1


def test_without_a_variance_there_is_no_prior():
    assert estimate_prior([]).degrees == estimate_prior(pairs(0.0, 0.0)).degrees == 0

import math
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from class_sweep.config.identity import PACING_SETTINGS
from class_sweep.config.sections import Curriculum, Pacing
from class_sweep.curriculum.pacing import PACINGS, Pace, pace_of, pool_size, shares

TO_A_TIME = ("root", "step", "exponential")
fractions = st.floats(0.001, 1.0)
powers = st.floats(0.1, 10.0)
paces = st.builds(
    Pace, alpha=fractions, beta=st.floats(0, 1), full_epoch=st.floats(0.01, 500), power=powers
)
names = st.sampled_from(sorted(PACINGS))


def test_the_settings_and_the_functions_name_the_same_pacings():
    assert set(get_args(Pacing)) == set(PACINGS) == set(PACING_SETTINGS)


@given(names, paces)
def test_lambda_starts_at_alpha_never_falls_and_stays_in_its_bounds(name, pace):
    lambdas = [PACINGS[name](k, pace) for k in range(60)]
    assert lambdas[0] == (1.0 if name == "full" else pytest.approx(pace.alpha, rel=1e-12))
    assert all(0 < share <= 1 for share in lambdas)
    assert all(b >= a - 1e-12 for a, b in pairwise(lambdas))


@given(st.sampled_from(TO_A_TIME), paces, st.integers(0, 600))
def test_lambda_is_1_from_its_epoch_on_and_not_before(name, pace, k):
    assume(pace.alpha < 0.999)
    share = PACINGS[name](k, pace)
    if k >= pace.full_epoch:
        assert share == 1
    elif k < 0.999 * pace.full_epoch:
        assert share < 1


@given(fractions, st.floats(0.001, 1), st.integers(1, 2000))
def test_linear_reaches_all_pairs_when_its_formula_does(alpha, beta, pairs):
    pace = Pace(alpha, beta, 1.0, 1.0)
    enough = math.ceil(round((1 - alpha) / beta, 9))
    assert pool_size(PACINGS["linear"](enough, pace), pairs) == pairs


@given(fractions, st.floats(1, 100), st.integers(0, 100))
def test_root_of_power_1_is_linear(alpha, full_epoch, k):
    beta = (1 - alpha) / full_epoch
    pace = Pace(alpha, beta, full_epoch, 1.0)
    assert PACINGS["root"](k, pace) == pytest.approx(PACINGS["linear"](k, pace), abs=1e-9)


def test_root_has_the_published_values():
    # Platanios et al. 2019, competence: c0 = 0.01, T = 100, p = 2: sqrt(k (1 - c0²)/T + c0²).
    pace = Pace(0.01, 0.0, 100, 2.0)
    for k in (0, 1, 25, 50, 99):
        expected = math.sqrt(k * (1 - 0.01**2) / 100 + 0.01**2)
        assert PACINGS["root"](k, pace) == pytest.approx(expected)


@pytest.mark.parametrize("alpha", [0.05, 0.4, 0.8])
@pytest.mark.parametrize("p", [0.5, 1.0, 2.0, 3.0])
def test_the_mean_shares_are_those_of_the_docstrings(alpha, p):
    epochs = 200_000
    means = {
        "linear": (1 + alpha) / 2,
        "root": p / (p + 1) * (1 - alpha ** (p + 1)) / (1 - alpha**p),
        "step": alpha,
        "exponential": alpha + (1 - alpha) * (1 / 10 - 1 / (math.exp(10) - 1)),
        "full": 1.0,
    }
    pace = Pace(alpha, (1 - alpha) / epochs, epochs, p)
    for name, mean in means.items():
        lambdas = [PACINGS[name](k, pace) for k in range(0, epochs, 10)]
        assert np.mean(lambdas) == pytest.approx(mean, abs=1e-4), name


@given(names, fractions, st.floats(0, 1), fractions, st.integers(1, 60), st.integers(1, 5000))
def test_pools_of_a_run_never_shrink_and_hold_a_pair(
    name, alpha, beta, full_data_after, epochs, pairs
):
    curriculum = Curriculum(pacing=name, alpha=alpha, beta=beta, full_data_after=full_data_after)
    pools = [pool_size(share, pairs) for share in shares(curriculum, epochs)]
    assert len(pools) == epochs
    assert pools[0] >= 1
    assert pools[-1] <= pairs
    assert sorted(pools) == pools


@given(st.integers(1, 10_000), st.integers(1, 1000))
def test_a_pool_is_the_ceiling_of_the_exact_share(pairs, thousandths):
    assert pool_size(thousandths / 1000, pairs) == -(-thousandths * pairs // 1000)


def test_float_noise_adds_no_pair_and_no_epoch():
    assert pool_size(0.1 + 0.2, 10) == 3
    assert pool_size(0.4 + 0.03 * 20, 16174) == 16174
    step = Curriculum(pacing="step", alpha=0.5, full_data_after=0.55)
    assert pace_of(step, 100).full_epoch == 55
    assert shares(step, 100) == (0.5,) * 55 + (1.0,) * 45


@given(st.sampled_from(TO_A_TIME), fractions, powers, st.integers(1, 50))
def test_lambda_is_exactly_1_at_an_epoch_that_is_its_own(name, alpha, power, full_epoch):
    assert PACINGS[name](full_epoch, Pace(alpha, 0.0, full_epoch, power)) == 1


def test_the_paper_s_pacing():
    lambdas = shares(Curriculum(alpha=0.40, beta=0.03), 30)
    assert lambdas[:3] == pytest.approx((0.40, 0.43, 0.46))
    assert [pool_size(lambdas[k], 26_408) < 26_408 for k in (19, 20)] == [True, False]


@given(names, st.integers(0, 20))
def test_a_later_start_skips_the_first_epochs(name, start):
    curriculum = Curriculum(pacing=name, alpha=0.3, beta=0.05)
    later = curriculum.model_copy(update={"pacing_start": start})
    pace = pace_of(curriculum, 20)
    assert shares(later, 20) == tuple(PACINGS[name](k, pace) for k in range(start, start + 20))


def test_an_unknown_pacing_lists_the_known_ones():
    odd = Curriculum().model_copy(update={"pacing": "roots"})
    with pytest.raises(ValueError, match="one of linear, root, step, exponential, full, got 'ro"):
        shares(odd, 3)

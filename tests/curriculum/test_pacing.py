import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from class_sweep.config.components import PACINGS
from class_sweep.config.curriculum import Curriculum
from class_sweep.curriculum.pacing import (
    Exponential,
    Full,
    Linear,
    Pacing,
    PacingKnots,
    Root,
    Step,
    pacing_of,
    pool_size,
    shares,
)
from class_sweep.errors import ConfigError
from class_sweep.testing.curriculum import check_pacing_of

fractions = st.floats(0.001, 1.0)
betas = st.floats(0, 1)
powers = st.floats(0.1, 10.0)
knots = st.lists(fractions, min_size=1, max_size=6).map(tuple)
names = st.sampled_from(sorted(PACINGS))
curricula = st.builds(
    Curriculum,
    pacing=names,
    alpha=fractions,
    beta=betas,
    full_data_after=fractions,
    pacing_power=powers,
    pacing_knots=knots,
)
ends = st.floats(0.01, 500)
timed = st.one_of(
    st.builds(Root, alpha=fractions, full_data_after=ends, epochs=st.just(1), pacing_power=powers),
    st.builds(Step, alpha=fractions, full_data_after=ends, epochs=st.just(1)),
    st.builds(Exponential, alpha=fractions, full_data_after=ends, epochs=st.just(1)),
)


@given(curricula, st.integers(1, 100))
def test_every_pacing_keeps_the_contract(curriculum, epochs):
    check_pacing_of(curriculum, epochs)
    pacing = pacing_of(curriculum, epochs)
    assert isinstance(pacing, Pacing)
    assert pacing(0) == (1.0 if pacing.starts_full else pytest.approx(curriculum.alpha))


@given(curricula, st.data(), st.integers(1, 60))
def test_every_pacing_moves_with_its_parameters_in_the_stated_direction(curriculum, data, epochs):
    changes = {
        "alpha": data.draw(st.floats(curriculum.alpha, 1)),
        "beta": data.draw(st.floats(curriculum.beta, 1)),
        "pacing_power": data.draw(st.floats(curriculum.pacing_power, 10)),
        "full_data_after": data.draw(st.floats(0.001, curriculum.full_data_after)),
        "pacing_knots": tuple(data.draw(st.floats(knot, 1)) for knot in curriculum.pacing_knots),
    }
    slow = pacing_of(curriculum, epochs)
    for name, value in changes.items():
        fast = pacing_of(curriculum.model_copy(update={name: value}), epochs)
        assert all(fast(k) >= slow(k) - 1e-9 for k in range(epochs)), name
        if name not in slow.parameters():
            assert fast == slow, name


@given(curricula, st.integers(1, 60), st.integers(0, 5))
@example(Curriculum(alpha=0.5, beta=5e-324), 1, 0)  # (1 − α)/β is infinite
def test_the_remedies_of_every_pacing_are_texts(curriculum, epochs, start):
    pacing = pacing_of(curriculum, epochs)
    assume(pacing(start + epochs - 1) < 1)
    remedies = pacing.remedies(start, epochs)
    assert remedies
    assert all(isinstance(remedy, str) for remedy in remedies)


@given(timed, st.integers(0, 600))
def test_lambda_is_1_from_its_end_on_and_not_before(pacing, k):
    assume(pacing.alpha < 0.999)
    if k >= pacing.end:
        assert pacing(k) == 1
    elif k < 0.999 * pacing.end:
        assert pacing(k) < 1


@given(fractions, knots, st.integers(1, 60))
def test_free_form_pacing_is_the_line_through_its_rising_knots(alpha, values, epochs):
    pacing = PacingKnots(alpha, values, epochs)
    heights = np.maximum.accumulate([alpha, *values])
    places = np.linspace(0, max(1, epochs - 1), len(heights))
    for k in range(epochs + 3):
        assert pacing(k) == pytest.approx(np.interp(k, places, heights))
    assert pacing(0) == alpha
    assert pacing(max(1, epochs - 1)) == pytest.approx(max(alpha, *values))
    full = places[heights == 1]
    assert pacing.end == pytest.approx(full[0] if len(full) else math.inf)


def test_a_knot_below_an_earlier_one_counts_as_that_one():
    assert [PacingKnots(0.4, (0.8, 0.5, 1.0), 7)(k) for k in (0, 1, 2, 3, 4, 5, 6)] == (
        pytest.approx([0.4, 0.6, 0.8, 0.8, 0.8, 0.9, 1.0])
    )


@given(fractions, knots, st.integers(1, 60), st.integers(0, 3))
def test_the_remedy_of_free_form_pacing_shows_all_pairs(alpha, values, epochs, start):
    pacing = PacingKnots(alpha, values, epochs)
    if pacing.remedies(start, epochs) == ["a last number of 1 in pacing_knots"]:
        remedied = PacingKnots(alpha, (*values[:-1], 1.0), epochs)
        assert remedied(start + epochs - 1) == 1


@given(fractions, st.floats(0.001, 1), st.integers(1, 2000))
def test_linear_reaches_all_pairs_when_its_formula_does(alpha, beta, pairs):
    enough = math.ceil(round((1 - alpha) / beta, 9))
    assert pool_size(Linear(alpha, beta)(enough), pairs) == pairs


@given(fractions, st.floats(1, 100), st.integers(0, 100))
def test_root_of_power_1_is_linear(alpha, end, k):
    linear = Linear(alpha, (1 - alpha) / end)
    assert Root(alpha, end, 1, 1.0)(k) == pytest.approx(linear(k), abs=1e-9)


def test_root_has_the_published_values():
    # Platanios et al. 2019, competence: c0 = 0.01, T = 100, p = 2: sqrt(k (1 - c0²)/T + c0²).
    pacing = Root(alpha=0.01, full_data_after=1.0, epochs=100, pacing_power=2.0)
    for k in (0, 1, 25, 50, 99):
        expected = math.sqrt(k * (1 - 0.01**2) / 100 + 0.01**2)
        assert pacing(k) == pytest.approx(expected)


@pytest.mark.parametrize("alpha", [0.05, 0.4, 0.8])
@pytest.mark.parametrize("p", [0.5, 1.0, 2.0, 3.0])
def test_the_mean_shares_are_those_of_the_docstrings(alpha, p):
    epochs = 200_000
    means = {
        Linear(alpha, (1 - alpha) / epochs): (1 + alpha) / 2,
        Root(alpha, 1.0, epochs, p): p / (p + 1) * (1 - alpha ** (p + 1)) / (1 - alpha**p),
        Step(alpha, 1.0, epochs): alpha,
        Exponential(alpha, 1.0, epochs): alpha + (1 - alpha) * (1 / 10 - 1 / (math.exp(10) - 1)),
        Full(): 1.0,
    }
    for pacing, mean in means.items():
        sample = [pacing(k) for k in range(0, epochs, 10)]
        assert np.mean(sample) == pytest.approx(mean, abs=1e-4), pacing


@given(curricula, st.integers(1, 60), st.integers(1, 5000))
def test_pools_of_a_run_never_shrink_and_hold_a_pair(curriculum, epochs, pairs):
    pools = [pool_size(share, pairs) for share in shares(curriculum, epochs)]
    assert len(pools) == epochs
    assert pools[0] >= 1
    assert pools[-1] <= pairs
    assert sorted(pools) == pools


@given(st.integers(1, 10_000), st.integers(1, 1000))
def test_a_pool_is_the_ceiling_of_the_exact_share(pairs, thousandths):
    assert pool_size(thousandths / 1000, pairs) == -(-thousandths * pairs // 1000)


def test_rounding_errors_add_no_pair_and_no_epoch():
    assert pool_size(0.1 + 0.2, 10) == 3
    assert pool_size(0.4 + 0.03 * 20, 16174) == 16174
    step = Curriculum(pacing="step", alpha=0.5, full_data_after=0.55)
    assert pacing_of(step, 100).end == 55
    assert shares(step, 100) == (0.5,) * 55 + (1.0,) * 45


@given(timed, st.integers(1, 50))
def test_lambda_is_exactly_1_at_a_whole_end(pacing, end):
    assert replace(pacing, full_data_after=1.0, epochs=end)(end) == 1


def test_the_pacing_of_the_class_paper():
    lambdas = shares(Curriculum(alpha=0.40, beta=0.03), 30)
    assert lambdas[:3] == pytest.approx((0.40, 0.43, 0.46))
    assert [pool_size(lambdas[k], 26_408) < 26_408 for k in (19, 20)] == [True, False]


@given(names, st.integers(0, 20))
def test_a_later_start_skips_the_first_epochs(name, start):
    curriculum = Curriculum(pacing=name, alpha=0.3, beta=0.05)
    later = curriculum.model_copy(update={"pacing_start": start})
    pacing = pacing_of(curriculum, 20)
    assert shares(later, 20) == tuple(pacing(k) for k in range(start, start + 20))


def test_an_unknown_pacing_lists_the_known_ones():
    odd = Curriculum().model_copy(update={"pacing": "roots"})
    with pytest.raises(ConfigError, match=r"pacing must be one of linear, .*, got 'roots'"):
        shares(odd, 3)


@given(fractions, st.integers(2, 200), st.integers(0, 5), st.integers(1, 50_000))
def test_the_recommended_beta_and_epochs_suffice(alpha, epochs, start, pairs):
    assume(0.01 <= alpha <= 0.99)

    def last_pool(beta, epochs):
        curriculum = Curriculum(alpha=alpha, beta=beta, pacing_start=start)
        return pool_size(shares(curriculum, epochs)[-1], pairs)

    beta = Linear(alpha, 0.0).least_beta(start + epochs - 1)
    assert last_pool(min(1.0, beta), epochs) == pairs
    enough = Linear(alpha, beta).least_epochs(start)
    assert last_pool(min(1.0, beta), enough) == pairs
    assert enough <= epochs


def test_without_a_beta_or_a_second_epoch_nothing_shows_all_pairs():
    assert Linear(0.5, 0.1).least_beta(0) is None
    assert Linear(0.5, 0.0).least_epochs(0) is None
    assert (Linear(1.0, 0.0).least_beta(0), Linear(1.0, 0.0).least_epochs(0)) == (0.0, 1)

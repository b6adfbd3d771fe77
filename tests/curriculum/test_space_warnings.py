import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.config.sections import Curriculum
from class_sweep.curriculum.pacing import pool_size, shares
from class_sweep.curriculum.space_warnings import (
    beta_that_reaches_all,
    epochs_that_reach_all,
    space_warnings,
)


def test_no_curriculum_needs_no_advice(make_space):
    assert space_warnings(make_space("alpha: 1.0")) == []
    assert space_warnings(make_space("alpha: 0.4, beta: 0.1")) == []
    assert space_warnings(make_space("alpha: 0.1, pacing: full")) == []


def test_linear_names_the_beta_and_the_epochs(make_space):
    (warning,) = space_warnings(make_space("alpha: 0.4, beta: 0.03"))
    assert "with alpha 0.4 and beta 0.03 the last of 10 epochs sees 67% of the pairs" in warning
    assert "beta ≥ 0.06667 or epochs ≥ 21 would show all" in warning
    assert space_warnings(make_space("alpha: 0.4, beta: 0.06667")) == []
    assert space_warnings(make_space("alpha: 0.4, beta: 0.03", epochs=21)) == []


def test_an_axis_is_judged_by_its_slowest_schedule(make_space):
    (warning,) = space_warnings(
        make_space("alpha: {uniform: [0.2, 0.9]}, beta: {uniform: [0.02, 0.2]}", epochs=18)
    )
    assert "with alpha 0.2 and beta 0.02 the last of 18 epochs sees 54%" in warning
    assert "beta ≥ 0.04706 or epochs ≥ 41" in warning


def test_a_later_start_counts(make_space):
    (warning,) = space_warnings(make_space("alpha: 0.4, beta: 0.05, pacing_start: 2"))
    assert "sees 95%" in warning
    assert "beta ≥ 0.05455 or epochs ≥ 11 would" in warning
    assert space_warnings(make_space("alpha: 0.4, beta: 0.05, pacing_start: 2", epochs=11)) == []


@pytest.mark.parametrize("pacing", ["root", "step", "exponential"])
def test_others_name_the_full_at(make_space, pacing):
    (warning,) = space_warnings(make_space(f"alpha: 0.4, pacing: {pacing}, full_data_after: 1.0"))
    assert f"with alpha 0.4 and {pacing} pacing full at 1 the last of 10 epochs sees" in warning
    assert "full_data_after ≤ 0.9 would show all" in warning
    assert space_warnings(make_space(f"alpha: 0.4, pacing: {pacing}, full_data_after: 0.9")) == []
    assert space_warnings(make_space(f"alpha: 0.4, pacing: {pacing}, beta: 0.0")) == []


def test_every_pacing_of_an_axis_is_looked_at(make_space):
    warnings = space_warnings(
        make_space("alpha: 0.4, full_data_after: 1.0, pacing: {choice: [linear, full, root]}")
    )
    assert [re.search("beta|root", warning)[0] for warning in warnings] == ["beta", "root"]


def test_one_epoch_cannot_do_it(make_space):
    (linear,) = space_warnings(make_space("alpha: 0.4", epochs=1))
    assert "a beta above 0 would" in linear
    (step,) = space_warnings(make_space("alpha: 0.4, pacing: step", epochs=1))
    assert "more epochs would" in step


@given(st.floats(0.01, 0.99), st.integers(2, 200), st.integers(0, 5), st.integers(1, 50_000))
def test_the_advised_beta_and_epochs_suffice(alpha, epochs, start, pairs):
    def last_pool(beta, epochs):
        curriculum = Curriculum(alpha=alpha, beta=beta, pacing_start=start)
        return pool_size(shares(curriculum, epochs)[-1], pairs)

    beta = beta_that_reaches_all(alpha, start + epochs - 1)
    assert last_pool(min(1.0, beta), epochs) == pairs
    enough = epochs_that_reach_all(alpha, beta, start)
    assert last_pool(min(1.0, beta), enough) == pairs
    assert enough <= epochs


def test_nothing_reaches_all_without_a_beta_or_a_second_epoch():
    assert beta_that_reaches_all(0.5, 0) is None
    assert epochs_that_reach_all(0.5, 0.0, 0) is None
    assert (beta_that_reaches_all(1.0, 0), epochs_that_reach_all(1.0, 0.0, 0)) == (0.0, 1)


def test_an_epoch_that_trains_nothing_is_named(make_space):
    assert space_warnings(make_space("intensity: power")) == []
    (one,) = space_warnings(make_space("intensity: power, intensity_start: 0"))
    assert one.startswith("intensity power is 0 at k = 0: the first epoch trains nothing")
    axis = "{choice: [decreasing, inverse, sigmoid]}"
    (one,) = space_warnings(make_space(f"intensity: {axis}, intensity_start: 0"))
    assert one.startswith("intensity inverse is 0")
    (one,) = space_warnings(make_space("intensity: {contrastive: inverse}, intensity_start: 0"))
    assert one.startswith("intensity inverse of contrastive is 0")

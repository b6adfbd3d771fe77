import re

import pytest

from class_sweep.curriculum.space_warnings import space_warnings


def test_a_complete_curriculum_has_no_warning(make_space):
    assert space_warnings(make_space("alpha: 1.0")) == []
    assert space_warnings(make_space("alpha: 0.4, beta: 0.1")) == []
    assert space_warnings(make_space("alpha: 0.1, pacing: full")) == []


def test_linear_names_the_beta_and_the_epochs(make_space):
    (warning,) = space_warnings(make_space("alpha: 0.4, beta: 0.03"))
    assert (
        "with pacing linear, alpha 0.4, beta 0.03 the last of 10 epochs sees 67% of the pairs"
        in warning
    )
    assert "beta ≥ 0.06667 or epochs ≥ 21 would show all" in warning
    assert space_warnings(make_space("alpha: 0.4, beta: 0.06667")) == []
    assert space_warnings(make_space("alpha: 0.4, beta: 0.03", epochs=21)) == []


def test_an_axis_is_checked_at_its_slowest_schedule(make_space):
    (warning,) = space_warnings(
        make_space("alpha: {uniform: [0.2, 0.9]}, beta: {uniform: [0.02, 0.2]}", epochs=18)
    )
    assert "with pacing linear, alpha 0.2, beta 0.02 the last of 18 epochs sees 54%" in warning
    assert "beta ≥ 0.04706 or epochs ≥ 41" in warning


def test_a_later_start_counts(make_space):
    (warning,) = space_warnings(make_space("alpha: 0.4, beta: 0.05, pacing_start: 2"))
    assert "sees 95%" in warning
    assert "beta ≥ 0.05455 or epochs ≥ 11 would" in warning
    assert space_warnings(make_space("alpha: 0.4, beta: 0.05, pacing_start: 2", epochs=11)) == []


@pytest.mark.parametrize("pacing", ["root", "step", "exponential"])
def test_timed_pacings_name_full_data_after(make_space, pacing):
    (warning,) = space_warnings(make_space(f"alpha: 0.4, pacing: {pacing}, full_data_after: 1.0"))
    assert f"with pacing {pacing}, alpha 0.4, full_data_after 1" in warning
    assert "the last of 10 epochs sees" in warning
    assert "full_data_after ≤ 0.9 would show all" in warning
    assert space_warnings(make_space(f"alpha: 0.4, pacing: {pacing}, full_data_after: 0.9")) == []
    assert space_warnings(make_space(f"alpha: 0.4, pacing: {pacing}, beta: 0.0")) == []


def test_every_pacing_of_an_axis_is_checked(make_space):
    warnings = space_warnings(
        make_space("alpha: 0.4, full_data_after: 1.0, pacing: {choice: [linear, full, root]}")
    )
    assert [re.search(r"pacing (\w+)", warning)[1] for warning in warnings] == ["linear", "root"]


def test_one_epoch_has_no_remedy_but_more_epochs(make_space):
    (linear,) = space_warnings(make_space("alpha: 0.4", epochs=1))
    assert "a beta above 0 would" in linear
    (step,) = space_warnings(make_space("alpha: 0.4, pacing: step", epochs=1))
    assert "more epochs would" in step


def test_a_first_epoch_without_training_is_a_warning(make_space):
    assert space_warnings(make_space("intensity: power")) == []
    (one,) = space_warnings(make_space("intensity: power, intensity_start: 0"))
    assert one.startswith("intensity power is 0 at k = 0: the first epoch trains nothing")
    axis = "{choice: [decreasing, inverse, sigmoid]}"
    (one,) = space_warnings(make_space(f"intensity: {axis}, intensity_start: 0"))
    assert one.startswith("intensity inverse is 0")
    (one,) = space_warnings(make_space("intensity: {contrastive: inverse}, intensity_start: 0"))
    assert one.startswith("intensity inverse of contrastive is 0")

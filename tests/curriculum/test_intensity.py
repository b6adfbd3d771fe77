from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.config.sections import Curriculum, Curve
from class_sweep.curriculum.intensity import INTENSITIES, loss_weights

powers = st.floats(0.1, 10.0)


def test_the_settings_and_the_functions_name_the_same_curves():
    assert set(get_args(Curve)) == set(INTENSITIES)


@given(st.sampled_from(sorted(INTENSITIES)), st.integers(0, 2000), powers)
def test_gamma_is_a_fraction_and_moves_one_way(name, k, p):
    here, there = INTENSITIES[name](k, p), INTENSITIES[name](k + 1, p)
    assert 0 <= here <= 1
    assert 0 < there <= 1
    onward = here - there if name == "decreasing" else there - here
    assert onward >= -1e-15


@given(st.integers(0, 500), powers)
def test_the_curves_are_kin(k, p):
    of = {name: curve(k, p) for name, curve in INTENSITIES.items()}
    assert of["decreasing"] == pytest.approx(1 - of["inverse"])
    assert INTENSITIES["power"](k, 1.0) == of["inverse"]
    assert of["constant"] == 1


def test_published_values():
    assert INTENSITIES["sigmoid"](0, 2) == pytest.approx(0.7310586)
    assert [INTENSITIES["inverse"](k, 2) for k in (0, 1, 3)] == [0, 0.5, 0.75]
    assert [INTENSITIES["power"](k, 2.0) for k in (0, 1, 3)] == [0, 0.5, 0.9]


def test_one_curve_stands_for_every_part():
    both = loss_weights(Curriculum(intensity="inverse"), 3, ("alignment", "adversarial"))
    halves = pytest.approx((1 / 2, 2 / 3, 3 / 4))
    assert both.loss == {"alignment": halves, "adversarial": halves}
    assert both.rate == (1, 1, 1)


def test_parts_that_are_not_named_are_constant():
    found = loss_weights(
        Curriculum(intensity={"b": "decreasing"}, intensity_start=0), 3, ("a", "b")
    )
    assert found.loss == {"a": (1, 1, 1), "b": pytest.approx((1, 1 / 2, 1 / 3))}


def test_on_the_learning_rate_the_loss_is_left_alone():
    curriculum = Curriculum(
        intensity="power", intensity_power=3.0, intensity_target="learning_rate"
    )
    found = loss_weights(curriculum, 2, ("a", "b"))
    assert found.loss == {"a": (1, 1), "b": (1, 1)}
    assert found.rate == pytest.approx((1 / 2, 8 / 9))


def test_bad_ones_are_refused_with_what_is_known():
    with pytest.raises(ValueError, match="one of alignment, adversarial, got 'contrastive'"):
        loss_weights(
            Curriculum(intensity={"contrastive": "inverse"}), 3, ("alignment", "adversarial")
        )
    with pytest.raises(ValueError, match=r"intensity must be one of constant, .*, got 'invers'"):
        loss_weights(Curriculum().model_copy(update={"intensity": "invers"}), 3, ("a",))
    both = {"intensity": {"a": "inverse"}, "intensity_target": "learning_rate"}
    with pytest.raises(ValueError, match="one curve to act on the learning rate"):
        loss_weights(Curriculum().model_copy(update=both), 3, ("a",))

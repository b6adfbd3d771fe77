from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from class_sweep.config.components import INTENSITIES
from class_sweep.config.curriculum import Curriculum
from class_sweep.curriculum.intensity import (
    Decreasing,
    Intensity,
    IntensityKnots,
    Inverse,
    Power,
    Sigmoid,
    loss_weights,
)
from class_sweep.errors import ConfigError
from class_sweep.testing.curriculum import check_intensity_of

powers = st.floats(0.1, 10.0)
knots = st.lists(st.floats(0.001, 1.0), min_size=1, max_size=6).map(tuple)


@pytest.mark.parametrize("name", INTENSITIES)
@given(st.integers(0, 2000), powers)
def test_every_intensity_keeps_the_contract(name, k, power):
    curriculum = Curriculum(intensity=name, intensity_power=power)
    check_intensity_of(name, curriculum, 10)
    gamma = INTENSITIES.load(name).of(curriculum, 10)
    assert isinstance(gamma, Intensity)
    assert 0 <= gamma(k) <= 1
    assert gamma(k + 1) > 0


@pytest.mark.parametrize("name", INTENSITIES)
@given(powers)
def test_every_intensity_moves_one_way(name, power):
    gamma = INTENSITIES.load(name).of(Curriculum(intensity_power=power), 10)
    steps = [later - earlier for earlier, later in pairwise(map(gamma, range(100)))]
    assert all(step >= -1e-15 for step in steps) or all(step <= 1e-15 for step in steps)


@given(knots, st.integers(1, 60))
def test_free_form_intensity_is_the_line_through_its_knots_from_the_first_epoch_to_the_last(
    values, epochs
):
    gamma = IntensityKnots(values, epochs)
    places = np.linspace(1, max(2, epochs), len(values)) if len(values) > 1 else [1]
    for k in range(epochs + 3):
        assert gamma(k) == pytest.approx(np.interp(k, places, values))
        assert 0 < gamma(k) <= 1
    curriculum = Curriculum(
        intensity="knots", intensity_knots=values, intensity_target="learning_rate"
    )
    rate = loss_weights(curriculum, epochs, ("a",)).rate
    assert rate[0] == values[0]
    assert epochs == 1 or rate[-1] == pytest.approx(values[-1])


@given(st.integers(0, 500))
def test_decreasing_mirrors_inverse_and_power_1_equals_it(k):
    assert Decreasing()(k) == pytest.approx(1 - Inverse()(k))
    assert Power(1.0)(k) == Inverse()(k)


def test_published_values():
    assert Sigmoid()(0) == pytest.approx(0.7310586)
    assert [Inverse()(k) for k in (0, 1, 3)] == [0, 0.5, 0.75]
    assert [Power(2.0)(k) for k in (0, 1, 3)] == [0, 0.5, 0.9]


def test_one_intensity_applies_to_every_part():
    weights = loss_weights(Curriculum(intensity="inverse"), 3, ("alignment", "adversarial"))
    halves = pytest.approx((1 / 2, 2 / 3, 3 / 4))
    assert weights.loss == {"alignment": halves, "adversarial": halves}
    assert weights.rate == (1, 1, 1)


def test_parts_without_an_intensity_are_constant():
    curriculum = Curriculum(intensity={"b": "decreasing"}, intensity_start=0)
    weights = loss_weights(curriculum, 3, ("a", "b"))
    assert weights.loss == {"a": (1, 1, 1), "b": pytest.approx((1, 1 / 2, 1 / 3))}


def test_an_intensity_of_the_learning_rate_leaves_the_loss_alone():
    curriculum = Curriculum(
        intensity="power", intensity_power=3.0, intensity_target="learning_rate"
    )
    weights = loss_weights(curriculum, 2, ("a", "b"))
    assert weights.loss == {"a": (1, 1), "b": (1, 1)}
    assert weights.rate == pytest.approx((1 / 2, 8 / 9))


def test_an_unusable_intensity_is_an_error_with_the_known_names():
    with pytest.raises(ValueError, match="one of alignment, adversarial, got 'contrastive'"):
        loss_weights(
            Curriculum(intensity={"contrastive": "inverse"}), 3, ("alignment", "adversarial")
        )
    with pytest.raises(ConfigError, match=r"intensity must be one of constant, .*, got 'invers'"):
        loss_weights(Curriculum().model_copy(update={"intensity": "invers"}), 3, ("a",))
    both = {"intensity": {"a": "inverse"}, "intensity_target": "learning_rate"}
    with pytest.raises(ValueError, match="one curve to act on the learning rate"):
        loss_weights(Curriculum().model_copy(update=both), 3, ("a",))

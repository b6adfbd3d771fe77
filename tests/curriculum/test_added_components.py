"""An order, a pacing and an intensity from a test's own file, in use like the built-in ones."""

import sys

import numpy as np
import pytest

from class_sweep.config.components import INTENSITIES, ORDERS, PACINGS, Component
from class_sweep.config.identity import identity
from class_sweep.curriculum.intensity import loss_weights
from class_sweep.curriculum.order import difficulty_order
from class_sweep.curriculum.pacing import pacing_of, shares
from class_sweep.curriculum.schedule_bounds import pacing_end, schedule_bounds
from class_sweep.curriculum.space_warnings import space_warnings
from class_sweep.errors import ConfigError

TOYS = '''
from dataclasses import dataclass

import numpy as np

from class_sweep.config.section import Section
from class_sweep.curriculum.intensity import Intensity
from class_sweep.curriculum.order import Order
from class_sweep.curriculum.pacing import Pacing


class DelaySettings(Section):
    delay: int = 2


@dataclass(frozen=True)
class Delayed(Pacing):
    """λ(k) = α for `delay` epochs, then 1."""

    alpha: float
    delay: int

    def __call__(self, k):
        return self.alpha if k < self.delay else 1.0

    @property
    def end(self):
        return float(self.delay)


@dataclass(frozen=True)
class Late(Intensity):
    """γ(k) = ½ for `delay` epochs, then 1."""

    delay: int

    def __call__(self, k):
        return 0.5 if k < self.delay else 1.0


class MiddleFirst(Order):
    """Pairs of median difficulty first."""

    def __call__(self, difficulty, statistics, seed):
        distance = np.abs(difficulty - np.median(difficulty))
        return np.lexsort((statistics.tie_break, distance))
'''


@pytest.fixture(autouse=True)
def toys(tmp_path, monkeypatch):
    (tmp_path / "toys.py").write_text(TOYS)
    monkeypatch.syspath_prepend(tmp_path)
    for registry in (ORDERS, PACINGS, INTENSITIES):
        monkeypatch.setattr(registry, "_components", dict(registry))
    ORDERS.register("middle_first", Component("toys:MiddleFirst"))
    PACINGS.register("delayed", Component("toys:Delayed", "toys:DelaySettings"))
    INTENSITIES.register("late", Component("toys:Late", "toys:DelaySettings"))
    yield
    sys.modules.pop("toys", None)


def test_an_added_pacing_reads_its_own_setting(make_space):
    settings = make_space("pacing: delayed, alpha: 0.4, delay: 3").settings
    assert shares(settings.curriculum, 5) == (0.4, 0.4, 0.4, 1, 1)
    default = make_space("pacing: delayed, alpha: 0.4").settings
    assert pacing_of(default.curriculum, 5).end == 2
    assert identity(default) != identity(settings)


def test_an_axis_of_an_added_setting_counts_in_bounds_and_warnings(make_space):
    space = make_space("pacing: delayed, alpha: 0.4, delay: {int: [1, 12]}")
    shortest, longest = schedule_bounds(space, 100)
    assert shortest.pools == (40,) * 10
    assert longest.pools == (40, *(100,) * 9)
    assert pacing_end(space) == pytest.approx(12 * 0.4)
    (warning,) = space_warnings(space)
    assert "with pacing delayed, alpha 0.4, delay 12 the last of 10 epochs sees 40%" in warning
    assert "epochs ≥ 13 would show all" in warning


def test_an_added_intensity_and_order_are_used_by_name(make_space):
    curriculum = make_space("intensity: late, delay: 3, order: middle_first").settings.curriculum
    assert loss_weights(curriculum, 4, ("a",)).loss["a"] == (0.5, 0.5, 1, 1)  # k = 1, 2, 3, 4
    sequence = difficulty_order(
        np.array([5, 1, 3, 9, 4]), np.zeros(5), order=curriculum.order, tie_break="random", seed=0
    )
    assert set(sequence[:3]) == {4, 0, 2}


def test_a_setting_of_a_component_that_is_not_registered_is_refused(make_space):
    with pytest.raises(ConfigError, match=r"curriculum\.delays"):
        make_space("pacing: delayed, alpha: 0.4, delays: 3")

import itertools

import pytest

from class_sweep.curriculum.extent import schedule_range
from class_sweep.curriculum.schedule import plan

AXES = (
    "pacing: {choice: [root, linear, exponential, step]}, alpha: {uniform: [0.2, 0.6]},"
    " beta: {uniform: [0.0, 0.2]}, full_at: {uniform: [0.4, 1.0]},"
    " pacing_power: {uniform: [0.5, 3.0]}, pacing_start: {int: [0, 3]}"
)


def test_no_schedule_of_the_space_is_outside_the_range(make_space):
    space = make_space(AXES, "batch_size: {choice: [8, 16]}")
    shortest, longest = schedule_range(space, 500)
    grids = [
        [(path, value) for value in {*axis.ends(), axis.centre()}]
        for path, axis in space.axes.items()
    ]
    steps = set()
    for values in itertools.product(*grids):
        settings = space.resolve(dict(values))
        schedule = plan(
            settings.curriculum, epochs=10, pairs=500, batch_size=settings.optimizer.batch_size
        )
        steps.add(schedule.steps)
    assert (min(steps), max(steps)) == (shortest.steps, longest.steps)


def test_without_axes_of_its_own_the_range_is_one_schedule(make_space):
    shortest, longest = schedule_range(make_space("alpha: 0.5, beta: 0.1"), 300)
    assert shortest == longest


def test_a_pool_below_a_batch_in_any_corner_is_refused(make_space):
    space = make_space("pacing: {choice: [full, linear]}, alpha: {uniform: [0.01, 0.9]}")
    with pytest.raises(ValueError, match="must hold a batch of 10 pairs, got 3"):
        schedule_range(space, 300)

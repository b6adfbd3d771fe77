import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from class_sweep.config.axes import IntRange
from class_sweep.config.document import parse_space
from class_sweep.curriculum.pacing import shares
from class_sweep.curriculum.schedule import Schedule
from class_sweep.curriculum.schedule_bounds import pacing_end, resolve_grace, schedule_bounds
from class_sweep.errors import ConfigError

AXES = (
    "pacing: {choice: [root, linear, exponential, step]}, alpha: {uniform: [0.2, 0.6]},"
    " beta: {uniform: [0.0, 0.2]}, full_data_after: {uniform: [0.4, 1.0]},"
    " pacing_power: {uniform: [0.5, 3.0]}, pacing_start: {int: [0, 3]}"
)
KNOTS = (
    "pacing: {choice: [knots, root]}, alpha: {uniform: [0.2, 0.6]}, pacing_knots: [{uniform:"
    " [0.1, 0.9]}, 0.7, {choice: [1.0, 0.6]}], full_data_after: {uniform: [0.4, 1.0]}"
)


@pytest.mark.parametrize("axes", [AXES, KNOTS], ids=["named", "free form"])
def test_no_schedule_of_the_space_is_outside_the_bounds(make_space, axes):
    space = make_space(axes, "batch_size: {choice: [8, 16]}")
    shortest, longest = schedule_bounds(space, 500)
    grids = [
        [(path, value) for value in {*axis.ends(), axis.centre()}]
        for path, axis in space.axes.items()
    ]
    steps = set()
    for values in itertools.product(*grids):
        steps.add(Schedule.of(space.resolve(dict(values)), 500).steps)
    assert (min(steps), max(steps)) == (shortest.steps, longest.steps)


def test_without_schedule_axes_both_bounds_are_equal(make_space):
    shortest, longest = schedule_bounds(make_space("alpha: 0.5, beta: 0.1"), 300)
    assert shortest == longest


def test_a_pool_below_a_batch_in_any_corner_is_refused(make_space):
    space = make_space("pacing: {choice: [full, linear]}, alpha: {uniform: [0.01, 0.9]}")
    with pytest.raises(ValueError, match="must hold a batch of 10 pairs, got 3"):
        schedule_bounds(space, 300)


PACED = (
    "{pacing: linear, alpha: {uniform: [0.2, 0.9]}, beta: {uniform: [0.05, 0.2]}}",
    "{pacing: root, alpha: {uniform: [0.2, 0.9]}, full_data_after: {uniform: [0.4, 0.8]},"
    " pacing_power: {uniform: [1, 3]}}",
    "{pacing: {choice: [step, exponential]}, alpha: {uniform: [0.2, 0.9]}, full_data_after: 0.75}",
    "{pacing: linear, alpha: {uniform: [0.2, 0.5]}, beta: 0.1, pacing_start: {int: [1, 3]}}",
    "{pacing: knots, alpha: {uniform: [0.2, 0.5]}, pacing_knots: [{uniform: [0.3, 0.99]}, 1, 0.5]}",
)


@pytest.mark.parametrize("curriculum", PACED)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_every_pacing_has_ended_by_the_samples_of_the_pacing_end(make_space, curriculum, data):
    space = make_space(curriculum[1:-1], epochs=20)
    values = {
        path: data.draw(st.sampled_from(axis.options) if path == "curriculum.pacing"
                        else st.integers(axis.low, axis.high) if isinstance(axis, IntRange)
                        else st.floats(axis.low, axis.high))
        for path, axis in space.axes.items()
    }  # fmt: skip
    paced = [share for share in shares(space.resolve(values).curriculum, 20) if share < 1]
    assert sum(paced) <= pacing_end(space) + 1e-9


@pytest.mark.parametrize("curriculum", PACED)
def test_the_pacing_end_is_less_than_an_epoch_late(make_space, curriculum):
    space = make_space(curriculum[1:-1], epochs=20)
    corners = itertools.product(*([(p, v) for v in a.ends()] for p, a in space.axes.items()))
    latest = max(
        sum(share for share in shares(space.resolve(dict(corner)).curriculum, 20) if share < 1)
        for corner in corners
    )
    assert latest <= pacing_end(space) < latest + 1


def with_pacing_end(space):
    text = f"{space.text}pruning: {{kind: one_rung, grace_epochs: pacing_end}}\n"
    changed = parse_space(text)
    return resolve_grace(changed, changed.settings.budget.epochs)


def test_grace_until_the_pacing_ends_is_a_number_of_epochs(make_space):
    space = make_space(PACED[0][1:-1], epochs=20)
    assert with_pacing_end(space).grace_epochs == pacing_end(space)


@pytest.mark.parametrize(
    ("curriculum", "got"),
    [
        ("alpha: {uniform: [0.2, 0.9]}, beta: {uniform: [0, 0.2]}", "inf"),
        ("alpha: {uniform: [0.2, 0.9]}, beta: 0.02", "24.4"),
        ("pacing: full", "0"),
        ("pacing: knots, alpha: 0.5, pacing_knots: 2", "inf"),
    ],
)
def test_a_pacing_end_outside_the_budget_is_refused(make_space, curriculum, got):
    with pytest.raises(ConfigError, match=f"within the budget of 10 epochs .*, got {got}$"):
        with_pacing_end(make_space(curriculum))


@pytest.mark.parametrize(("epochs", "grace"), [(1, 1), (6, 1), (18, 2), (40, 4), (60, 7)])
def test_grace_is_a_ninth_of_the_budget_unless_given(make_space, epochs, grace):
    space = make_space("alpha: 0.4", epochs=epochs)
    assert resolve_grace(space, epochs).grace_epochs == grace


@pytest.mark.parametrize("trim", ["{uniform: [0.0, 0.4]}", "{uniform: [0.1, 0.4]}", "0.3"])
@pytest.mark.parametrize("trim_from", ["{uniform: [0.0, 0.5]}", "0.2"])
def test_no_trimmed_schedule_is_outside_the_bounds(make_space, trim, trim_from):
    space = make_space(
        f"trim: {trim}, trim_from: {trim_from}, alpha: {{uniform: [0.3, 0.9]}}, beta: 0.05",
        "batch_size: 8",
    )
    shortest, longest = schedule_bounds(space, 500)
    for values in itertools.product(
        *(np.linspace(*axis.ends(), 9).tolist() for axis in space.axes.values())
    ):
        schedule = Schedule.of(space.resolve(dict(zip(space.axes, values, strict=True))), 500)
        assert shortest.steps <= schedule.steps <= longest.steps


def test_the_bounds_of_trimming_alone_are_schedules_of_the_space(make_space):
    space = make_space("alpha: 1.0, trim: {uniform: [0.1, 0.4]}, trim_from: {uniform: [0.2, 0.6]}")
    ends = [
        Schedule.of(space.resolve({"curriculum.trim": q, "curriculum.trim_from": t}), 300)
        for q, t in ((0.4, 0.2), (0.1, 0.6))
    ]
    assert list(schedule_bounds(space, 300)) == ends

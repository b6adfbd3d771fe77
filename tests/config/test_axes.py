import itertools
import math
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from class_sweep.config.axes import (
    AxisError,
    Choice,
    IntRange,
    LogUniform,
    Uniform,
    looks_like_axis,
    parse_axis,
)

axes = st.one_of(
    st.builds(
        lambda low, width, step: Uniform(low / 100, (low + width) / 100, step / 1000),
        *(st.integers(-500, 500), st.integers(1, 500), st.integers(1, 10)),
    ),
    st.builds(lambda low, width: Uniform(low, low + width), *[st.integers(1, 9)] * 2),
    st.builds(lambda low, ratio: LogUniform(low, low * ratio), *[st.floats(1.5, 1e3)] * 2),
    st.builds(
        lambda low, width, step: IntRange(low, low + width, min(step, width)),
        *(st.integers(-50, 50), st.integers(1, 99), st.integers(1, 99)),
    ),
    st.lists(st.sampled_from(["a", "b", 3, 0.5]), min_size=1, unique=True).map(
        lambda options: Choice(tuple(options))
    ),
)


def test_each_kind_is_read():
    assert parse_axis({"uniform": [0, 1]}) == Uniform(0.0, 1.0)
    assert parse_axis({"uniform": [0.9, 0.99], "step": 0.01}) == Uniform(0.9, 0.99, 0.01)
    assert parse_axis({"loguniform": [1e-5, 1e-3]}) == LogUniform(1e-5, 1e-3)
    assert parse_axis({"int": [32, 256]}) == IntRange(32, 256)
    assert parse_axis({"int": [32, 256], "step": 32}) == IntRange(32, 256, 32)
    assert parse_axis({"choice": ["a", 1, 0.5, True]}) == Choice(("a", 1, 0.5, True))


@pytest.mark.parametrize(
    ("tree", "rule"),
    [
        ({"uniform": [0.9, 0.2]}, "uniform must go from low to high, got [0.9, 0.2]"),
        ({"uniform": [0.5, 0.5]}, "uniform must go from low to high, got [0.5, 0.5]"),
        ({"int": [9, 2]}, "int must go from low to high, got [9, 2]"),
        ({"uniform": [0.5]}, "uniform must be two numbers, [low, high], got [0.5]"),
        ({"uniform": [1, 2, 3]}, "uniform must be two numbers, [low, high], got [1, 2, 3]"),
        ({"uniform": 0.5}, "uniform must be two numbers, [low, high], got 0.5"),
        (
            {"uniform": ["20%", "90 %"]},
            "uniform must be two numbers, [low, high], got ['20%', '90 %'];"
            " write {uniform: [0.20, 0.90]}",
        ),
        ({"uniform": None}, "uniform must be two numbers, [low, high], got None"),
        ({"uniform": ["a", "b"]}, "uniform must be two numbers, [low, high], got ['a', 'b']"),
        ({"uniform": [False, True]}, "uniform must be two numbers, [low, high], got [False, True]"),
        ({"uniform": [0, math.inf]}, "uniform must be two numbers, [low, high], got [0, inf]"),
        ({"uniform": [math.nan, 1]}, "uniform must be two numbers, [low, high], got [nan, 1]"),
        ({"loguniform": [0, 1]}, "loguniform must start above 0, got [0, 1]"),
        ({"loguniform": [-1, 1]}, "loguniform must start above 0, got [-1, 1]"),
        ({"int": [1, 2.5]}, "int must be between whole numbers, got [1, 2.5]"),
        ({"int": [1.0, 2.0]}, "int must be between whole numbers, got [1.0, 2.0]"),
        ({"choice": []}, "choice must be a list of one or more values, got []"),
        ({"choice": "abc"}, "choice must be a list of one or more values, got 'abc'"),
        ({"choice": [["a"]]}, "choice must be among plain values, got ['a']"),
        ({"choice": [None]}, "choice must be among plain values, got None"),
        ({"choice": ["a", "b", "a"]}, "choice must name each value once, got ['a', 'b', 'a']"),
        ({"choice": [1, 1.0]}, "choice must name each value once, got [1, 1.0]"),
        ({"uniform": [0, 1], "int": [0, 1]}, "must be one kind of axis, got uniform and int"),
        ({"uniform": [0, 1], "stp": 1}, "an axis takes its kind and `step`, got stp as well"),
        (
            {"choice": ["a"], "step": 1},
            "step must be used with uniform or int alone, got it with choice",
        ),
        (
            {"loguniform": [1, 2], "step": 1},
            "step must be used with uniform or int alone, got it with loguniform",
        ),
        ({"uniform": [0, 1], "step": 0}, "step must be a number above 0, got 0"),
        ({"uniform": [0, 1], "step": -0.1}, "step must be a number above 0, got -0.1"),
        ({"uniform": [0, 1], "step": True}, "step must be a number above 0, got True"),
        ({"uniform": [0, 1], "step": "a"}, "step must be a number above 0, got 'a'"),
        ({"uniform": [0, 1], "step": None}, "step must be a number above 0, got None"),
        ({"uniform": [0, 1], "step": math.inf}, "step must be a number above 0, got inf"),
        ({"uniform": [0.5, 0.9], "step": 0.5}, "step must fit the range: at most 0.4, got 0.5"),
        ({"int": [1, 4], "step": 4}, "step must fit the range: at most 3, got 4"),
        ({"int": [1, 4], "step": 1.5}, "step of an int axis must be a whole number, got 1.5"),
        (
            {"uniform": [0, 1], "step": 1e-9},
            "step must leave at most 100,000 values, got 1e-09 for 1e+09",
        ),
    ],
)
def test_the_error_of_a_wrong_axis_has_the_rule_and_the_value(tree, rule):
    with pytest.raises(AxisError) as caught:
        parse_axis(tree)
    assert str(caught.value) == rule


def test_a_bound_too_large_for_a_float_is_refused():
    with pytest.raises(AxisError, match="must be two numbers"):
        parse_axis({"uniform": [0, 10**400]})


def test_one_and_true_are_different_choices():
    assert parse_axis({"choice": [1, True]}) == Choice((1, True))


def test_only_a_mapping_with_a_kind_of_axis_looks_like_one():
    assert looks_like_axis({"uniform": [0, 1]})
    assert not looks_like_axis({"name": "contrastive"})
    assert not looks_like_axis("uniform")


@given(st.integers(0, 4), st.integers(-999, 999), st.integers(1, 99), st.integers(1, 60))
def test_grid_points_are_exact_decimal_numbers(decimals, low, step, steps):
    unit = Decimal(1).scaleb(-decimals)
    grid = [float((low + i * step) * unit) for i in range(steps + 1)]
    bounds = [grid[0], grid[-1]]
    axis = parse_axis({"uniform": bounds, "step": float(step * unit)})
    assert axis.values() == grid
    assert axis.ends() == bounds
    assert all(point in axis for point in grid)
    assert not any(point + float(step * unit) / 2 in axis for point in grid)


def test_a_step_as_wide_as_the_range_has_both_ends():
    # In floating point 0.99 - 0.9 is less than 0.09.
    assert parse_axis({"uniform": [0.9, 0.99], "step": 0.09}).values() == [0.9, 0.99]


def test_a_range_that_its_step_does_not_divide_ends_on_the_grid():
    axis = parse_axis({"uniform": [0.2, 0.9], "step": 0.3})
    assert axis.values() == [0.2, 0.5, 0.8]
    assert axis.ends() == [0.2, 0.8]
    assert 0.9 not in axis
    whole = parse_axis({"int": [1, 10], "step": 4})
    assert list(whole.values()) == [1, 5, 9]
    assert whole.ends() == [1, 9]
    assert 10 not in whole


@given(axes)
def test_the_centre_and_the_ends_are_on_the_axis(axis):
    assert axis.centre() in axis
    assert all(end in axis for end in axis.ends())


@given(axes)
def test_values_are_ascending_and_on_the_axis(axis):
    values = axis.values()
    assume(values is not None)
    assert all(value in axis for value in values)
    if not isinstance(axis, Choice):
        assert all(a < b for a, b in itertools.pairwise(values))


@given(axes)
def test_text_and_truth_values_are_on_no_range(axis):
    assume(not isinstance(axis, Choice))
    assert not any(value in axis for value in ("1", True, None, [1]))


@pytest.mark.parametrize(
    ("axis", "centre"),
    [
        (Uniform(0.2, 0.9), 0.55),
        (Uniform(0.5, 0.9, 0.1), 0.7),
        (Uniform(0.5, 0.8, 0.1), 0.6),
        (LogUniform(1e-4, 1e-2), 1e-3),
        (IntRange(1, 4), 2),
        (Choice(("b", "a")), "b"),
    ],
)
def test_the_centre_of_each_kind(axis, centre):
    assert axis.centre() == pytest.approx(centre)


def test_billions_of_whole_numbers_are_not_listed():
    axis = parse_axis({"int": [1, 10**12]})
    assert axis.centre() == 5 * 10**11
    assert 10**11 in axis


@pytest.mark.parametrize(
    ("axis", "words"),
    [
        (Uniform(0.2, 0.9), "0.2 … 0.9"),
        (Uniform(0.9, 0.99, 0.001), "0.9 … 0.99 in steps of 0.001"),
        (LogUniform(1e-5, 1e-3), "1e-05 … 0.001, logarithmic"),
        (IntRange(32, 256, 32), "32 … 256 in steps of 32"),
        (IntRange(1, 8), "1 … 8"),
        (Choice(("a", 1)), "a, 1"),
    ],
)
def test_each_kind_as_text(axis, words):
    assert str(axis) == words

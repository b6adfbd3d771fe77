"""Where axes stand in the tree of a space file, and which settings can be one."""

from dataclasses import replace
from typing import Any

from class_sweep.config.axes import (
    SECTIONS,
    Axis,
    AxisError,
    LogUniform,
    Uniform,
    looks_like_axis,
)
from class_sweep.config.problems import dotted
from class_sweep.config.yaml_text import Key

SIGMA = "curriculum.sigma"
SIGMA_QUANTILE = "curriculum.sigma.quantile"
TEXT_WEIGHT = "curriculum.text_weight"
INDEX_STEPS = {SIGMA: 0.001, SIGMA_QUANTILE: 0.01, TEXT_WEIGHT: 0.1}
"""The step of an axis that has none. The index is counted once for all trials, so it needs finitely
many values."""
_QUANTILE_KEY: Key = tuple(SIGMA_QUANTILE.split("."))
_KNOTS = {("curriculum", "pacing_knots"), ("curriculum", "intensity_knots")}
_NESTED = {("curriculum", "intensity"), *_KNOTS}


def axes_in(tree: Any, key: Key) -> list[tuple[Key, Any]]:
    """The key and the tree of every axis at or below a key, in the order of the tree."""
    if looks_like_axis(tree):
        return [(key, tree)]
    if isinstance(tree, dict | list):
        below = tree.items() if isinstance(tree, dict) else enumerate(tree)
        return [axis for word, value in below for axis in axes_in(value, (*key, word))]
    return []


def admitted(key: Key, axis: Axis) -> Axis:
    """Check that the setting at `key` can be an axis; give σ and the text weight a step."""
    nested = key == _QUANTILE_KEY or (len(key) == 3 and key[:2] in _NESTED)
    if not nested and (len(key) != 2 or key[0] not in SECTIONS):
        raise AxisError(
            f"must be a plain value, got an axis; axes are allowed in {', '.join(SECTIONS)}"
        )
    if key in _KNOTS:
        raise AxisError("must be a list with an axis for each knot, or their number, got one axis")
    if dotted(key) == "backbone.name":
        raise AxisError("must be one backbone: sweep each in a file of its own and compare them")
    if dotted(key) in INDEX_STEPS:
        if isinstance(axis, LogUniform):
            raise AxisError("must be uniform or choice, got loguniform")
        if isinstance(axis, Uniform) and axis.step is None:
            return replace(axis, step=min(INDEX_STEPS[dotted(key)], axis.high - axis.low))
    return axis

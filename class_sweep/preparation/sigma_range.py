"""Which σ a space should try: where N orders the pairs, as a line to paste."""

from collections.abc import Mapping, Sequence
from typing import Any

from class_sweep.config.axes import Choice, Uniform
from class_sweep.config.document import INDEX_STEPS, SIGMA, Space
from class_sweep.difficulty.index import DifficultyIndex
from class_sweep.difficulty.worth import LEAST_DISTINCT, longest_run

SIGMA_STEP = INDEX_STEPS[SIGMA]
ALONE = (0.05, 0.45)
"""Shares of pairs without a look-alike between which a σ that no one counted should order them."""


def recommend(
    space: Space, rows: Sequence[Mapping[str, Any]], index: DifficultyIndex
) -> dict[str, Any]:
    """The σ that order the pairs, as plain values.

    The longest run of the space's σ that are usable; where none is, the σ between which 5 % and
    45 % of the pairs have no look-alike, since the share of pairs with N(σ) = 0 is the share whose
    nearest neighbour is below σ.

    Args:
        space: Whose σ axis is held to it.
        rows: For each of its σ, ascending, `sigma` and `usable`.
        index: For the nearest neighbours.
    """
    enough = max(LEAST_DISTINCT, space.settings.budget.epochs)
    rule = f"largest tie below 50 % of the pairs and at least {enough} distinct N"
    run = [float(row["sigma"]) for row in rows][longest_run([row["usable"] for row in rows])]
    found = {"rule": rule, "usable": len(run), "of": len(rows)}
    if run:
        return found | {"range": [run[0], run[-1]], "counted": True, "yaml": _line(space, run)}
    low, high = (index.sigma_at(share) for share in ALONE)
    if high - low < SIGMA_STEP:
        return found | {"range": None, "counted": False, "yaml": None}
    step = SIGMA_STEP if high - low >= 10 * SIGMA_STEP else round((high - low) / 10, 4)
    line = f"sigma: {{uniform: [{low:g}, {high:g}], step: {step:g}}}"
    return found | {"range": [low, high], "counted": False, "yaml": line}


def _line(space: Space, run: list[float]) -> str:
    axis = space.axes.get(SIGMA)
    if len(run) == 1:
        return f"sigma: {run[0]:g}"
    if isinstance(axis, Choice):
        return f"sigma: {{choice: [{', '.join(f'{sigma:g}' for sigma in run)}]}}"
    step = axis.step if isinstance(axis, Uniform) and axis.step else SIGMA_STEP
    return f"sigma: {{uniform: [{run[0]:g}, {run[-1]:g}], step: {step:g}}}"

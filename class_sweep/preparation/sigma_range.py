"""The recommended range of σ, in which N(σ) orders the pairs, and its line for a space."""

from collections.abc import Sequence

from class_sweep.config.axes import Choice, Uniform
from class_sweep.config.document import INDEX_STEPS, SIGMA, Space
from class_sweep.difficulty.index import DifficultyIndex
from class_sweep.difficulty.order_quality import MIN_DISTINCT, longest_run
from class_sweep.preparation.index_report import Recommendation

SIGMA_STEP = INDEX_STEPS[SIGMA]
ALONE = (0.05, 0.45)
"""The fractions of pairs with N = 0 at the ends of a range of σ that the index did not count."""


def recommend_sigma(
    space: Space, sigmas: Sequence[float], usable: Sequence[bool], index: DifficultyIndex
) -> Recommendation:
    """Recommend the longest run of usable σ.

    If no σ is usable, recommend the range where 5 % to 45 % of the pairs have N = 0. N_i(σ) = 0
    means that the nearest neighbour of i is below σ, so both ends are quantiles of the
    nearest-neighbour similarities.

    Args:
        space: The space.
        sigmas: The σ of the space, ascending.
        usable: For each σ, whether N orders the pairs.
        index: The index, with the nearest neighbours.
    """
    min_distinct = max(MIN_DISTINCT, space.settings.budget.epochs)
    rule = f"largest tie below 50 % of the pairs and at least {min_distinct} distinct N"
    run = [float(sigma) for sigma in sigmas[longest_run(usable)]]
    ends, yaml = ((run[0], run[-1]), _line(space, run)) if run else _uncounted(index)
    return Recommendation(
        rule=rule, usable=len(run), of=len(sigmas), range=ends, counted=bool(run), yaml=yaml
    )


def _uncounted(index: DifficultyIndex) -> tuple[tuple[float, float] | None, str | None]:
    low, high = (index.sigma_at(share) for share in ALONE)
    if high - low < SIGMA_STEP:
        return None, None
    step = SIGMA_STEP if high - low >= 10 * SIGMA_STEP else round((high - low) / 10, 4)
    return (low, high), _range_line(low, high, step)


def _line(space: Space, run: list[float]) -> str:
    axis = space.axes.get(SIGMA)
    if len(run) == 1:
        return f"sigma: {run[0]:g}"
    if isinstance(axis, Choice):
        return f"sigma: {{choice: [{', '.join(f'{sigma:g}' for sigma in run)}]}}"
    step = axis.step if isinstance(axis, Uniform) and axis.step else SIGMA_STEP
    return _range_line(run[0], run[-1], step)


def _range_line(low: float, high: float, step: float) -> str:
    return f"sigma: {{uniform: [{low:g}, {high:g}], step: {step:g}}}"

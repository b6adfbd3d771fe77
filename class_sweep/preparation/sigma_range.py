"""The recommended range of σ, in which N(σ) orders the pairs, and its line for a space."""

from collections.abc import Sequence

from class_sweep.config.axes import Choice, Uniform
from class_sweep.config.axis_places import INDEX_STEPS, SIGMA, SIGMA_QUANTILE
from class_sweep.config.document import Space
from class_sweep.difficulty.diagnosis import SigmaDiagnosis
from class_sweep.difficulty.index import DifficultyIndex
from class_sweep.difficulty.order_quality import MIN_DISTINCT, longest_run, usable
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


def recommend_quantiles(
    space: Space, diagnoses: Sequence[SigmaDiagnosis], index: DifficultyIndex
) -> tuple[float, float] | None:
    """The ends of the longest run of quantiles whose σ is usable; None if there is none.

    Args:
        space: The space, whose σ is an axis of quantiles.
        diagnoses: The distribution of N at each σ of the axis.
        index: The index that was counted.
    """
    quantiles = [float(value) for value in space.axes[SIGMA_QUANTILE].values() or ()]
    of_sigma = {round(d.sigma, 4): d for d in diagnoses}
    at = [of_sigma[round(index.sigma_at(quantile), 4)] for quantile in quantiles]
    epochs = space.settings.budget.epochs
    run = quantiles[longest_run([usable(d.largest_tie, d.distinct, epochs) for d in at])]
    return (run[0], run[-1]) if run else None


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

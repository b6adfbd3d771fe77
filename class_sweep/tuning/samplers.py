"""What proposes configurations: the samplers by their names in a space file."""

import random
import warnings
from collections.abc import Callable

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from class_sweep.config.axes import Axis, Choice, IntRange, LogUniform, Value
from class_sweep.config.document import Space

optuna.logging.set_verbosity(optuna.logging.WARNING)

Distributions = dict[str, BaseDistribution]
_Made = optuna.samplers.BaseSampler


def distribution(axis: Axis) -> BaseDistribution:
    """An axis as Optuna knows it."""
    if isinstance(axis, Choice):
        return CategoricalDistribution(axis.options)
    if isinstance(axis, IntRange):
        return IntDistribution(axis.low, int(axis.values()[-1]), step=axis.step)
    if isinstance(axis, LogUniform):
        return FloatDistribution(axis.low, axis.high, log=True)
    grid = axis.values()
    return FloatDistribution(axis.low, grid[-1] if grid else axis.high, step=axis.step)


def distributions(space: Space) -> Distributions:
    """Every axis of a space."""
    return {path: distribution(axis) for path, axis in space.axes.items()}


class _Cmaes(optuna.samplers.CmaEsSampler):
    """Optuna's, over the axes of the space rather than what all trials so far have in common.

    A reference outside the axes stands in the study without parameters: with Optuna's own rule one
    of them would switch CMA-ES off in silence.
    """

    def __init__(self, seed: int, independent: _Made, axes: Distributions) -> None:
        super().__init__(
            seed=seed,
            independent_sampler=independent,
            warn_independent_sampling=False,
            consider_pruned_trials=True,
        )
        self._axes = axes

    def infer_relative_search_space(
        self,
        study: optuna.Study,  # noqa: ARG002 - Optuna's signature
        trial: optuna.trial.FrozenTrial,  # noqa: ARG002
    ) -> Distributions:
        return {
            path: axis
            for path, axis in self._axes.items()
            if not isinstance(axis, CategoricalDistribution) and not axis.single()
        }


def _tpe(seed: int, trials: int, axes: Distributions) -> _Made:  # noqa: ARG001 - one signature
    return optuna.samplers.TPESampler(
        seed=seed,
        n_startup_trials=min(10, max(4, trials // 4)),
        multivariate=True,
        group=True,  # a reference outside the axes then does not undo the multivariate model
        constant_liar=True,
    )


def _random(seed: int, trials: int, axes: Distributions) -> _Made:  # noqa: ARG001
    return optuna.samplers.RandomSampler(seed=seed)


def _cmaes(seed: int, trials: int, axes: Distributions) -> _Made:
    return _Cmaes(seed, _tpe(seed, trials, axes), axes)


SAMPLERS: dict[str, Callable[[int, int, Distributions], _Made]] = {
    "tpe": _tpe,
    "random": _random,
    "cmaes": _cmaes,
}
"""`search.sampler` to what makes one of a seed, the trials of the sweep and its axes.

`grid` is not among them: it proposes without a history; see `grid_point`.
"""


def make_sampler(space: Space, number: int) -> _Made:
    """The sampler of one proposal.

    Seeded by the sweep's seed and the proposal's number, so that a sweep that was cut and gone on
    with proposes what it would have proposed, given the same history.
    """
    search = space.settings.search
    seed = (search.seed * 1_000_003 + number) % 2**32
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return SAMPLERS[search.sampler](seed, search.trials, distributions(space))


def grid_point(space: Space, number: int) -> dict[str, Value]:
    """The values of a proposal of the grid, in an order drawn from the sweep's seed."""
    search = space.settings.search
    every = range(space.grid_size() or 0)
    order = random.Random(search.seed).sample(every, searched(space))  # noqa: S311 - no secret
    place, values = order[number], {}
    for path, axis in space.axes.items():
        options = axis.values() or []
        place, at = divmod(place, len(options))
        values[path] = options[at]
    return values


def searched(space: Space) -> int:
    """How many configurations the sampler proposes: all but the references."""
    return space.settings.search.trials - len(space.settings.search.baselines)


def sampler_notes(space: Space) -> list[str]:
    """What a user should know of how the sampler meets these axes."""
    sampler, size = space.settings.search.sampler, space.grid_size() or 0
    choices = [path for path, axis in space.axes.items() if isinstance(axis, Choice)]
    if sampler == "cmaes" and choices:
        return [
            f"search.sampler: cmaes models numbers alone; TPE chooses {', '.join(choices)}, each by"
            " itself"
        ]
    if sampler == "grid" and size > searched(space):
        return [
            f"search.trials: the grid has {size:,} configurations, of which {searched(space):,}"
            f" run ({searched(space) / size:.2g} of them, drawn by search.seed)"
        ]
    return []

"""The interface of samplers, which propose the configurations of a sweep.

A sampler is a class in a file of its own, with one line in `class_sweep.config.components`.
"""

import copy
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from class_sweep.config.axes import Axis, Choice, IntRange, LogUniform, Value
from class_sweep.config.components import SAMPLERS
from class_sweep.config.document import Space

optuna.logging.set_verbosity(optuna.logging.WARNING)

Distributions = dict[str, BaseDistribution]

_OWN, _UNIFORM = 10, 10  # attempts at a proposal


class Sampler(ABC):
    """Proposes configurations of a space by samplers of Optuna.

    Attributes:
        learns: Whether its proposals depend on earlier reports.
        attempt: The number of draws for the same proposal before, which were repeats.
    """

    learns: ClassVar[bool] = True
    attempt = 0

    def __init__(self, space: Space) -> None:
        """Set the space, whose settings hold the sampler's seed."""
        self.space = space

    @abstractmethod
    def for_trial(self, number: int) -> optuna.samplers.BaseSampler:
        """Optuna's sampler for one proposal.

        It depends on the space and the number alone: a resumed sweep then proposes what the
        uninterrupted one would have proposed from the same history.

        Args:
            number: The number of configurations before it, baselines included.
        """

    def seed(self, number: int) -> int:
        """The seed of an attempt at a proposal."""
        seed = self.space.settings.search.seed + self.attempt * 15_485_863
        return (seed * 1_000_003 + number) % 2**32

    def attempts(self, number: int) -> Iterator[optuna.samplers.BaseSampler]:
        """Optuna's samplers for one proposal, each for the case that those before drew repeats.

        The first one is that of `for_trial`. After ten of them the values are drawn uniformly,
        because a sampler that has converged draws the same again and again.

        Args:
            number: As for `for_trial`.
        """
        for attempt in range(_OWN + _UNIFORM):
            again = copy.copy(self)
            again.attempt = attempt
            if attempt < _OWN:
                yield sampler_for_trial(again, number)
            else:
                yield optuna.samplers.RandomSampler(seed=again.seed(number))

    def notes(self) -> list[str]:
        """Advice for a user about the sampler and the axes of the space."""
        return []

    def extension_notes(self) -> list[str]:
        """How the proposals of an extended sweep differ from those of one as large from the start.

        It is called if the space has been extended; see `Space.stages`.
        """
        return []


def make_sampler(space: Space) -> Sampler:
    """The sampler that a space names.

    Raises:
        ConfigError: If the name is unknown.
    """
    implementation: type[Sampler] = SAMPLERS.load(space.settings.search.sampler)
    return implementation(space)


def sampler_for_trial(sampler: Sampler, number: int) -> optuna.samplers.BaseSampler:
    """Optuna's sampler for one proposal, without Optuna's warnings about experimental options."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return sampler.for_trial(number)


def ask(
    study: optuna.Study, space: Space, again: optuna.trial.Trial | None = None
) -> tuple[optuna.trial.Trial, dict[str, Value]]:
    """A trial of a study with the sampler's values for the axes that have an effect.

    Args:
        study: The study, with its sampler.
        space: The space of the axes.
        again: A trial without values, to draw them for; by default a new one.

    Returns:
        The trial, and path to value. Numbers are rounded, so that they are the same in any file.
    """
    trial = study.ask() if again is None else optuna.trial.Trial(study, again._trial_id)
    values = space.decide(lambda path, axis: _rounded(trial._suggest(path, distribution(axis))))
    return trial, values


def _rounded(value: Any) -> Value:
    return round(value, 12) if isinstance(value, float) else value


def distributions(space: Space) -> Distributions:
    """The axes of a space as Optuna's distributions."""
    return {path: distribution(axis) for path, axis in space.axes.items()}


def distribution(axis: Axis) -> BaseDistribution:
    """An axis as a distribution of Optuna."""
    if isinstance(axis, Choice):
        return CategoricalDistribution(axis.options)
    if isinstance(axis, IntRange):
        return IntDistribution(axis.low, int(axis.values()[-1]), step=axis.step)
    if isinstance(axis, LogUniform):
        return FloatDistribution(axis.low, axis.high, log=True)
    grid = axis.values()
    return FloatDistribution(axis.low, grid[-1] if grid else axis.high, step=axis.step)

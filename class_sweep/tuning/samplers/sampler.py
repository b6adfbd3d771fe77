"""The interface of samplers, which propose the configurations of a sweep.

A sampler is a class in a file of its own, with one line in `class_sweep.config.components`.
"""

import warnings
from abc import ABC, abstractmethod
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


class Sampler(ABC):
    """Proposes configurations of a space by samplers of Optuna.

    Attributes:
        learns: Whether its proposals depend on earlier reports.
    """

    learns: ClassVar[bool] = True

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
        """The seed of a proposal."""
        return (self.space.settings.search.seed * 1_000_003 + number) % 2**32

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


def ask(study: optuna.Study, space: Space) -> tuple[optuna.trial.Trial, dict[str, Value]]:
    """A trial of a study with the sampler's values for the axes that have an effect.

    Returns:
        The trial, and path to value. Numbers are rounded, so that they are the same in any file.
    """
    trial = study.ask()
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

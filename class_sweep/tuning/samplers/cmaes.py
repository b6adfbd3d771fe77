"""The covariance matrix adaptation evolution strategy."""

import optuna
from optuna.distributions import CategoricalDistribution

from class_sweep.config.axes import Choice
from class_sweep.tuning.samplers.sampler import Distributions, Sampler, distributions
from class_sweep.tuning.samplers.tpe import Tpe


class Cmaes(Sampler):
    """CMA-ES (Hansen & Ostermeier 2001, doi 10.1162/106365601750190398); TPE draws the choices."""

    def for_trial(self, number: int) -> optuna.samplers.CmaEsSampler:
        """CMA-ES over all numeric axes; see `Sampler`."""
        independent = Tpe(self.space).for_trial(number)
        return _AllAxes(self.seed(number), independent, distributions(self.space))

    def notes(self) -> list[str]:
        """Choices are no numbers; see `Sampler`."""
        choices = [path for path, axis in self.space.axes.items() if isinstance(axis, Choice)]
        if not choices:
            return []
        return [
            f"search.sampler: cmaes models numbers alone; TPE chooses {', '.join(choices)}, each"
            " independently"
        ]


class _AllAxes(optuna.samplers.CmaEsSampler):
    """Optuna's sampler over the axes of the space, not over the axes that all trials share.

    A baseline outside the axes is in the study without parameters. By Optuna's own rule it
    would switch CMA-ES off without a message.
    """

    def __init__(
        self, seed: int, independent: optuna.samplers.BaseSampler, axes: Distributions
    ) -> None:
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

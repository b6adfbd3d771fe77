"""The covariance matrix adaptation evolution strategy."""

import io
import pickle
from collections.abc import Sequence
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution

from class_sweep.config.axes import Choice
from class_sweep.errors import ResultsError
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


_STATE_CLASSES = {
    ("cmaes._cma", "CMA"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
}
"""The only names that a state of CMA-ES in a study may load."""


class _AllAxes(optuna.samplers.CmaEsSampler):
    """Optuna's sampler over the axes of the space, not over the axes that all trials share.

    A baseline outside the axes is in the study without parameters. By Optuna's own rule it
    would switch CMA-ES off without a message. Optuna keeps the state of CMA-ES as a pickle in the
    study; it is read here without running code, because a study may come from someone else.
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

    def _restore_optimizer(self, completed_trials: Sequence[optuna.trial.FrozenTrial]) -> Any:
        """The newest state of CMA-ES in the study, or None.

        Raises:
            ResultsError: If it is anything but a state of CMA-ES.
        """
        for trial in reversed(completed_trials):
            attributes = {
                key: value
                for key, value in trial.system_attrs.items()
                if key.startswith(self._attr_key_optimizer)
            }
            if attributes:
                return _read_state(self._concat_optimizer_attrs(attributes), trial.number)
        return None


def _read_state(text: str, trial: int) -> Any:
    try:
        return _StateUnpickler(io.BytesIO(bytes.fromhex(text))).load()
    except Exception as error:  # a damaged pickle raises almost anything
        raise ResultsError(
            f"study.db must hold states of CMA-ES alone, but that of trial {trial} cannot be read:"
            f" {error}; restore study.db from a copy, or start a new sweep"
        ) from error


class _StateUnpickler(pickle.Unpickler):
    """Loads the classes of a state of CMA-ES and refuses every other name."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _STATE_CLASSES:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return super().find_class(module, name)

"""The covariance matrix adaptation evolution strategy."""

import copy
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
        return _AllAxes(
            self.seed(number),
            independent,
            distributions(self.space),
            keeps_drawn=bool(self.space.conditions.reasons),
        )

    def notes(self) -> list[str]:
        """Choices are no numbers, and CMA-ES has no conditional axes; see `Sampler`."""
        axes, notes = self.space.axes, []
        choices = [path for path, axis in axes.items() if isinstance(axis, Choice)]
        conditional = [p for p in axes if p in self.space.conditions.reasons and p not in choices]
        if choices:
            notes.append(
                "search.sampler: cmaes models numbers alone; TPE chooses"
                f" {', '.join(choices)}, each independently"
            )
        if conditional:
            notes.append(
                f"search.sampler: cmaes draws {', '.join(conditional)} in every trial; where it has"
                " no effect, the value is dropped, and tells cmaes nothing"
            )
        if self.space.settings.search.warm_start:
            notes.append(
                "search.warm_start: cmaes tries the best earlier configurations first, and learns"
                " of no others; tpe learns from all"
            )
        return notes


_STATE_CLASSES = {
    ("cmaes._cma", "CMA"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
}
"""The only names that a state of CMA-ES in a study may load."""

_DRAWN = "cmaes_drawn"
"""The attribute of a trial with all of its drawn values, also those of axes without effect."""


class _AllAxes(optuna.samplers.CmaEsSampler):
    """Optuna's sampler over the axes of the space, not over the axes that all trials share.

    A baseline outside the axes is in the study without parameters. By Optuna's own rule it
    would switch CMA-ES off without a message. Optuna keeps the state of CMA-ES as a pickle in the
    study; it is read here without running code, because a study may come from someone else.
    """

    def __init__(
        self,
        seed: int,
        independent: optuna.samplers.BaseSampler,
        axes: Distributions,
        *,
        keeps_drawn: bool,
    ) -> None:
        super().__init__(
            seed=seed,
            independent_sampler=independent,
            warn_independent_sampling=False,
            consider_pruned_trials=True,
        )
        self._axes = {
            path: axis
            for path, axis in axes.items()
            if not isinstance(axis, CategoricalDistribution) and not axis.single()
        }
        self._keeps_drawn = keeps_drawn

    def infer_relative_search_space(
        self,
        study: optuna.Study,  # noqa: ARG002 - Optuna's signature
        trial: optuna.trial.FrozenTrial,  # noqa: ARG002
    ) -> Distributions:
        return self._axes

    def sample_relative(
        self,
        study: optuna.Study,
        trial: optuna.trial.FrozenTrial,
        search_space: Distributions,
    ) -> dict[str, Any]:
        values = super().sample_relative(study, trial, search_space)
        if values and self._keeps_drawn:
            study._storage.set_trial_system_attr(trial._trial_id, _DRAWN, values)
        return values

    def _get_solution_trials(
        self, trials: list[optuna.trial.FrozenTrial], generation: int
    ) -> list[optuna.trial.FrozenTrial]:
        """The trials of a generation, each with a value for every axis that CMA-ES models."""
        found = super()._get_solution_trials(trials, generation)
        return [whole for trial in found if (whole := self._whole(trial)) is not None]

    def _whole(self, trial: optuna.trial.FrozenTrial) -> optuna.trial.FrozenTrial | None:
        if trial.params.keys() >= self._axes.keys():
            return trial
        whole = copy.copy(trial)
        whole.params = trial.system_attrs.get(_DRAWN, {}) | trial.params
        return whole if whole.params.keys() >= self._axes.keys() else None

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

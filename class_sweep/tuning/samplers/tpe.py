"""The tree-structured Parzen estimator."""

import optuna

from class_sweep.config.document import Space
from class_sweep.tuning.samplers.sampler import Sampler


class Tpe(Sampler):
    """Multivariate TPE (Bergstra et al. 2011, NeurIPS 24), in Optuna's form."""

    def for_trial(self, number: int) -> optuna.samplers.TPESampler:
        """TPE with a tenth to a quarter of the trials drawn at random first; see `Sampler`."""
        return optuna.samplers.TPESampler(
            seed=self.seed(number),
            n_startup_trials=_random_trials(self.space),
            multivariate=True,
            group=True,  # a baseline outside the axes then does not undo the multivariate model
            constant_liar=True,
        )

    def extension_notes(self) -> list[str]:
        """The larger sweep may have drawn more trials at random first; see `Sampler`."""
        first, *_, last = map(_random_trials, self.space.stages)
        if first == last:
            return []
        return [f"tpe drew {first} trials at random at its start, not {last}"]


def _random_trials(space: Space) -> int:
    return min(10, max(4, space.settings.search.trials // 4))

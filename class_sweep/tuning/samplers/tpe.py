"""The tree-structured Parzen estimator."""

import optuna

from class_sweep.tuning.samplers.sampler import Sampler


class Tpe(Sampler):
    """Multivariate TPE (Bergstra et al. 2011, NeurIPS 24), in Optuna's form."""

    def for_trial(self, number: int) -> optuna.samplers.TPESampler:
        """TPE with a tenth to a quarter of the trials drawn at random first; see `Sampler`."""
        return optuna.samplers.TPESampler(
            seed=self.seed(number),
            n_startup_trials=min(10, max(4, self.space.settings.search.trials // 4)),
            multivariate=True,
            group=True,  # a baseline outside the axes then does not undo the multivariate model
            constant_liar=True,
        )

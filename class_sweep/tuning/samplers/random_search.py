"""Random search."""

import optuna

from class_sweep.tuning.samplers.sampler import Sampler


class RandomSearch(Sampler):
    """Draws every value independently (Bergstra & Bengio 2012, JMLR 13)."""

    learns = False

    def for_trial(self, number: int) -> optuna.samplers.RandomSampler:
        """A random sampler; see `Sampler`."""
        return optuna.samplers.RandomSampler(seed=self.seed(number))

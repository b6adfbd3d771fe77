"""Grid search."""

import random
from typing import Any

import optuna

from class_sweep.config.axes import Value
from class_sweep.tuning.samplers.sampler import Distributions, Sampler, distributions


class Grid(Sampler):
    """Every configuration of finite axes, or a part of them, in an order drawn from the seed."""

    learns = False

    def for_trial(self, number: int) -> optuna.samplers.BaseSampler:
        """A sampler that returns one point of the grid; see `Sampler`."""
        point = self.point(number - len(self.space.settings.search.baselines))
        return _Point(distributions(self.space), point)

    def notes(self) -> list[str]:
        """A grid may have more configurations than the sweep has trials; see `Sampler`."""
        size, sampled = self.space.grid_size() or 0, self.space.schedule_trials
        if size <= sampled:
            return []
        return [
            f"search.trials: the grid has {size:,} configurations, of which {sampled:,}"
            f" run ({sampled / size:.2g} of them, drawn by search.seed)"
        ]

    def point(self, index: int) -> dict[str, Value]:
        """The values of a sampled trial, by its index among them."""
        remainder, values = self._order()[index], {}
        for path, axis in self.space.axes.items():
            options = axis.values() or []
            remainder, position = divmod(remainder, len(options))
            values[path] = options[position]
        return values

    def _order(self) -> list[int]:
        """The points in the order of their trials; those of an extension come after the others."""
        seed, size = self.space.settings.search.seed, self.space.grid_size() or 0
        drawn = (
            random.Random(seed).sample(range(size), stage.schedule_trials)  # noqa: S311
            for stage in self.space.stages
        )
        return list(dict.fromkeys(point for points in drawn for point in points))

    def extension_notes(self) -> list[str]:
        """An extended grid is another part of the same grid; see `Sampler`."""
        size, (first, *_, last) = self.space.grid_size() or 0, self.space.stages
        if last.schedule_trials == size:
            return []
        return [
            f"the grid runs the {first.schedule_trials} points of the smaller sweep and then"
            " others, not the part that the larger sweep would have drawn"
        ]


class _Point(optuna.samplers.RandomSampler):
    """Returns given values for all axes."""

    def __init__(self, axes: Distributions, values: dict[str, Value]) -> None:
        super().__init__(seed=0)
        self._axes, self._values = axes, values

    def infer_relative_search_space(
        self,
        study: optuna.Study,  # noqa: ARG002 - Optuna's signature
        trial: optuna.trial.FrozenTrial,  # noqa: ARG002
    ) -> Distributions:
        return self._axes

    def sample_relative(
        self,
        study: optuna.Study,  # noqa: ARG002
        trial: optuna.trial.FrozenTrial,  # noqa: ARG002
        search_space: Distributions,  # noqa: ARG002
    ) -> dict[str, Any]:
        return self._values

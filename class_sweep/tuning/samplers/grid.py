"""Grid search."""

import random
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import optuna
from optuna.distributions import BaseDistribution

from class_sweep.config.axes import Value
from class_sweep.tuning.samplers.sampler import Sampler

_FURTHER = 1_000  # points that may replace repeats; the plan of each takes some milliseconds


class Grid(Sampler):
    """Every configuration of finite axes, or a part of them, in an order drawn from the seed."""

    learns = False
    _next = 0  # all points before it were proposed or are repeats

    def for_trial(self, number: int) -> optuna.samplers.BaseSampler:
        """A sampler that returns one point of the grid; see `Sampler`."""
        return _Point(self.point(self._index(number)))

    def attempts(self, number: int) -> Iterator[optuna.samplers.BaseSampler]:
        """Samplers for the next points in the order, and at its end for a repeat; see `Sampler`.

        The repeat is a point that no trial has had, so that a whole grid has each point once.
        """
        index = self._index(number)
        self._next = max(index, self._next)
        while self._next < len(self._order):
            self._next += 1
            yield _Point(self.point(self._next - 1))
        yield _Unused(map(self.point, range(len(self._order))), self.point(index))

    def _index(self, number: int) -> int:
        return number - len(self.space.settings.search.baselines)

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
        grid, order = self.space.grid_of_axes, self._order
        assert grid is not None  # noqa: S101 - the space was refused otherwise
        # A sweep of an earlier version may have more trials: it repeats configurations.
        return grid.point(order[index % len(order)])

    @cached_property
    def _order(self) -> list[int]:
        """The points in the order of their trials.

        Those of an extension come after the others, and last those that may replace repeats.
        """
        seed, size = self.space.settings.search.seed, self.space.grid_size() or 0
        counts = [stage.schedule_trials for stage in self.space.stages]
        drawn = (
            random.Random(seed).sample(range(size), min(size, count))  # noqa: S311
            for count in [*counts, counts[-1] + _FURTHER]
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
    """Returns given values."""

    def __init__(self, values: dict[str, Value]) -> None:
        super().__init__(seed=0)
        self._values = values

    def sample_independent(
        self,
        study: optuna.Study,  # noqa: ARG002 - Optuna's signature
        trial: optuna.trial.FrozenTrial,  # noqa: ARG002
        param_name: str,
        param_distribution: BaseDistribution,  # noqa: ARG002
    ) -> Any:
        return self._values[param_name]


class _Unused(_Point):
    """Returns the first of some points that no trial of the study has."""

    def __init__(self, points: Iterable[dict[str, Value]], otherwise: dict[str, Value]) -> None:
        super().__init__(otherwise)
        self._points = points

    def before_trial(
        self,
        study: optuna.Study,
        trial: optuna.trial.FrozenTrial,  # noqa: ARG002 - Optuna's signature
    ) -> None:
        had = {frozenset(trial.params.items()) for trial in study.get_trials(deepcopy=False)}
        unused = (values for values in self._points if frozenset(values.items()) not in had)
        self._values = next(unused, self._values)

"""Studies over a table of recorded curves: in a given order, or with a sampler."""

import math
from collections.abc import Mapping, Sequence

import optuna

from class_sweep.config.axes import Axis, Choice, IntRange, LogUniform, Value
from class_sweep.config.document import Space
from class_sweep.results.curves import Configuration, CurveTable
from class_sweep.results.record import Record
from class_sweep.tuning.samplers.sampler import ask, distributions, make_sampler, sampler_for_trial
from class_sweep.tuning.study import tell_optuna
from class_sweep.tuning.study_storage import MemoryStorage
from class_sweep.tuning.trial import Trial

CONFIGURATION = "configuration"  # the key of a trial's config that holds its row in the table


def recorded_trial(number: int, configuration: Configuration) -> Trial:
    """The trial of a configuration of the table."""
    row, name = configuration.number, configuration.name or None
    share = configuration.share
    return Trial(
        number, {CONFIGURATION: row}, identity=str(row), plan=str(row), name=name, share=share
    )


class RecordedStudy:
    """The part of a study that recorded curves do not need."""

    def stored(self) -> list[Trial]:
        """Nothing: every simulation starts without trials."""
        return []

    def propose_again(self, failed: Record) -> Trial:
        """Refuse: a recorded trial that failed fails again."""
        raise NotImplementedError(f"a recorded trial cannot run again, got trial {failed.trial}")


class OrderedStudy(RecordedStudy):
    """Proposes configurations in a given order and ignores reports."""

    def __init__(self, order: Sequence[Configuration]) -> None:
        self._order = order

    @property
    def trials_wanted(self) -> int:
        """The number of configurations."""
        return len(self._order)

    def propose(self, index: int, previous: Trial | None) -> Trial:  # noqa: ARG002 - see `Study`
        """The next configuration."""
        return recorded_trial(index, self._order[index])

    def tell(self, *records: Record) -> None:
        """Ignore reports."""


class SampledStudy(RecordedStudy):
    """A sampler's proposals, each moved to the nearest configuration that has not run yet.

    Distances add up over the axes that have an effect in both: for a range the squared difference
    as a fraction of the range (of its logarithm for a logarithmic axis), for a choice 1 if the
    values differ. The sampler's history holds the configuration that ran.
    """

    def __init__(self, table: CurveTable, space: Space) -> None:
        """Open a study of the table's baselines and of `search.trials` further configurations.

        Args:
            table: The recorded curves.
            space: The space whose axes the sampler draws from.
        """
        self._space, self._sampled = space, space.settings.search.trials
        self._baselines, self._rows = table.baselines, {row.number: row for row in table.searched}
        self._storage = MemoryStorage()
        self._study = optuna.create_study(
            direction=optuna.study.StudyDirection[table.objective.direction.upper()],
            storage=self._storage,
        )
        self._sampler, self._distributions = make_sampler(space), distributions(space)
        self._unused = {number: self._values_of(row) for number, row in self._rows.items()}

    @property
    def trials_wanted(self) -> int:
        """The number of baselines and of sampled trials."""
        return len(self._baselines) + self._sampled

    def propose(self, index: int, previous: Trial | None) -> Trial:  # noqa: ARG002 - see `Study`
        """A baseline, or the configuration nearest to the sampler's next proposal."""
        if index < len(self._baselines):
            return recorded_trial(index, self._baselines[index])
        self._study.sampler = sampler_for_trial(self._sampler, index)
        with self._storage.sampler_view():
            trial, values = ask(self._study, self._space)
        number = min(self._unused, key=lambda row: (self._distance(values, row), row))
        ran = self._unused.pop(number)
        self._storage.replace_params(trial.number, ran, self._distributions)
        return recorded_trial(index, self._rows[number])

    def tell(self, *records: Record) -> None:
        """Teach the sampler; baselines are not in its history."""
        number = records[-1].trial - len(self._baselines)
        if number >= 0:
            by_step = {record.samples: record for record in reversed(records)}
            tell_optuna(self._study, self._storage, number, by_step, records[-1])

    def _values_of(self, row: Configuration) -> dict[str, Value]:
        """The values of a configuration, without those of axes that have no effect in it."""
        axes = self._space.axes
        values = {p: _read(axis, row.values[p]) for p, axis in axes.items() if row.values[p]}
        return {path: values[path] for path in self._space.active(values) if path in values}

    def _distance(self, proposed: Mapping[str, Value], row: int) -> float:
        values = self._unused[row]
        return sum(
            _distance(axis, proposed[path], values[path])
            for path, axis in self._space.axes.items()
            if path in proposed and path in values
        )


def _read(axis: Axis, text: str) -> Value:
    """A value of a table in the type of its axis."""
    if isinstance(axis, Choice):
        return next(option for option in axis.options if str(option) == text)
    return int(text) if isinstance(axis, IntRange) else float(text)


def _distance(axis: Axis, a: Value, b: Value) -> float:
    if isinstance(axis, Choice):
        return float(a != b)
    low, high, x, y = map(float, (axis.low, axis.high, a, b))
    if isinstance(axis, LogUniform):
        low, high, x, y = map(math.log, (low, high, x, y))
    return ((x - y) / (high - low)) ** 2

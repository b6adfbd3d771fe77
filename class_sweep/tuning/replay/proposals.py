"""How a replayed sweep comes by its configurations: at random, or from a sampler that learns."""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import optuna
from optuna.trial import FrozenTrial, TrialState

from class_sweep.config.axes import Axis, Choice, IntRange, LogUniform, Value
from class_sweep.config.document import Space
from class_sweep.results.curves import Configuration, CurveTable, Point
from class_sweep.tuning.replay.replay import Search
from class_sweep.tuning.replay.simulation import Run, Source
from class_sweep.tuning.samplers import SAMPLERS, distributions, make_sampler
from class_sweep.tuning.study_storage import MemoryStorage

_STATES = {"finish": TrialState.COMPLETE, "prune": TrialState.PRUNED, "fail": TrialState.FAIL}


def searches(
    table: CurveTable, sampler: str, space: Space | None, *, orders: int, trials: int, seed: int
) -> list[Search]:
    """Sweeps over a table: its references first, then `trials` of its other configurations.

    Each trial has one of the table's seeds, drawn by itself: what a seed does to a configuration
    it does to no other, and so a table of three seeds holds far more than three sweeps. All that is
    drawn depends on `seed` and the order's number alone.

    Args:
        table: What is there to be proposed.
        sampler: `random`, or another of `SAMPLERS`.
        space: Whose axes a learning sampler draws from.
        orders: How many sweeps.
        trials: Of each, without the references.
        seed: Of the orders.
    """
    found = []
    for order in range(orders):
        generator = random.Random(f"{seed}/{order}")  # noqa: S311 - no secret
        seeds = {one.number: generator.choice(table.seeds) for one in table.configurations}
        if space is None:
            drawn = generator.sample(table.searched, trials)
            source: Callable[[Mapping[int, Run]], Source] = partial(
                InOrder, (*table.references, *drawn)
            )
        else:
            search = space.settings.search.model_copy(
                update={"sampler": sampler, "seed": seed * 1009 + order, "trials": trials}
            )
            settings = space.settings.model_copy(update={"search": search})
            source = partial(Sampled, table, replace(space, settings=settings))
        found.append(Search(seeds, trials, source))
    return found


class InOrder:
    """Trials in a given order."""

    def __init__(self, order: Sequence[Configuration], runs: Mapping[int, Run]) -> None:
        self._order = iter(order)
        self._runs = runs

    def next(self) -> Run | None:
        """The next in order."""
        chosen = next(self._order, None)
        return self._runs[chosen.number] if chosen else None

    def reported(self, trial: int, fate: str, reports: Sequence[Point]) -> None:
        """Nothing is learnt from it."""


class Sampled:
    """A sampler's proposals, each moved to the nearest configuration that was not yet run.

    Distances add up over the axes: of a range, the share of it (of its logarithm where it has
    one) between the two values, squared; of a choice, 1 where they differ. The sampler is told of
    the configuration that was run.
    """

    def __init__(self, table: CurveTable, space: Space, runs: Mapping[int, Run]) -> None:
        self._space, self._runs, self._sign = space, runs, table.objective.sign
        direction = optuna.study.StudyDirection[table.objective.direction.upper()]
        self._memory = MemoryStorage()
        self._study = optuna.create_study(direction=direction, storage=self._memory)
        self._distributions = distributions(space)
        self._references = list(table.references)
        self._values = {
            one.number: {path: _read(axis, one.values[path]) for path, axis in space.axes.items()}
            for one in table.searched
        }
        self._unused = set(self._values)
        self._asked: list[tuple[int, optuna.trial.Trial | None]] = []
        self._open: dict[int, optuna.trial.Trial] = {}  # of those that have reported

    def next(self) -> Run | None:
        """A reference, or what is nearest to the sampler's next proposal."""
        if len(self._asked) < len(self._references):
            number = self._references[len(self._asked)].number
            self._asked.append((number, None))
            return self._runs[number]
        proposed = len(self._asked) - len(self._references)
        if proposed == self._space.settings.search.trials:
            return None
        self._study.sampler = make_sampler(self._space, len(self._asked))
        with self._memory.sampler_view():
            trial = self._study.ask(self._distributions)
        number = min(self._unused, key=lambda one: (self._distance(trial.params, one), one))
        self._unused.discard(number)
        self._asked.append((number, trial))
        return self._runs[number]

    def reported(self, trial: int, fate: str, reports: Sequence[Point]) -> None:
        """Tell the sampler of the configuration that was run instead of its own."""
        number, asked = self._asked[trial]
        if asked is None:
            return
        if trial not in self._open:
            self._open[trial] = self._instead_of(asked, number)
        value = self._sign * reports[-1].score
        if reports[-1].samples not in self._known(self._open[trial]).intermediate_values:
            self._open[trial].report(value, step=reports[-1].samples)
        if fate in _STATES:
            ended = self._open.pop(trial)
            self._study.tell(ended, value if fate == "finish" else None, state=_STATES[fate])

    def _instead_of(self, asked: optuna.trial.Trial, number: int) -> optuna.trial.Trial:
        """An open trial of the configuration that was run."""
        known = self._known(asked)
        self._study.tell(asked, state=TrialState.FAIL)
        self._study.add_trial(
            optuna.trial.create_trial(
                state=TrialState.RUNNING,
                params=self._values[number],
                distributions=self._distributions,
                system_attrs=dict(known.system_attrs),
            )
        )
        last = self._study.get_trials(deepcopy=False)[-1]
        return optuna.trial.Trial(self._study, last._trial_id)

    def _known(self, trial: optuna.trial.Trial) -> FrozenTrial:
        return self._memory.get_trial(trial._trial_id)

    def _distance(self, params: Mapping[str, Value], number: int) -> float:
        there = self._values[number]
        return sum(_apart(axis, params[p], there[p]) for p, axis in self._space.axes.items())


def _read(axis: Axis, text: str) -> Value:
    """A value of a table as its axis has it."""
    if isinstance(axis, Choice):
        return next(option for option in axis.options if str(option) == text)
    return int(text) if isinstance(axis, IntRange) else float(text)


def _apart(axis: Axis, a: Value, b: Value) -> float:
    if isinstance(axis, Choice):
        return float(a != b)
    low, high, x, y = map(float, (axis.low, axis.high, a, b))
    if isinstance(axis, LogUniform):
        low, high, x, y = map(math.log, (low, high, x, y))
    return ((x - y) / (high - low)) ** 2


LEARNING = tuple(name for name in SAMPLERS if name != "random")
"""The samplers that need the axes of the table's space."""

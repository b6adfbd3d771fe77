"""What one group of trials is searched with: a sampler, its space, and earlier trials."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import optuna
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from class_sweep.config.axes import Value
from class_sweep.config.document import Space
from class_sweep.curriculum.strata import Stratum
from class_sweep.results.warm_start import EarlierTrial, WarmStart
from class_sweep.tuning.samplers.sampler import Sampler, distribution, make_sampler


@dataclass(frozen=True)
class GroupSearch:
    """A sampler and what it proposes for."""

    space: Space
    sampler: Sampler
    stratum: Stratum | None = None
    first: Sequence[Mapping[str, Value]] = ()
    earlier: Sequence[FrozenTrial] = ()

    @classmethod
    def of(
        cls,
        space: Space,
        warm: WarmStart,
        *,
        full_data: bool = False,
        stratum: Stratum | None = None,
    ) -> Self:
        """The search of a group.

        Args:
            space: The space of the group.
            warm: What is known of earlier sweeps.
            full_data: Whether the group is full data's own trials.
            stratum: The group's share of the samples, if it has one.
        """
        told = [trial for trial in warm.trials if trial.full_data is full_data]
        return cls(
            space,
            make_sampler(space),
            stratum,
            warm.first_full_data if full_data else warm.first,
            [_earlier_trial(trial, n - len(told), space) for n, trial in enumerate(told)],
        )


def _earlier_trial(trial: EarlierTrial, number: int, space: Space) -> FrozenTrial:
    """A trial of an earlier sweep as samplers see it, with a number below 0."""
    frozen = optuna.trial.create_trial(
        state=OptunaState.COMPLETE if trial.finished else OptunaState.PRUNED,
        value=trial.objective if trial.finished else None,
        params=dict(trial.values),
        distributions={p: distribution(a) for p, a in space.active(trial.values).items()},
        intermediate_values={trial.step: trial.objective},
    )
    frozen.number = number
    return frozen

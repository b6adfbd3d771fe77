"""The interface of pruners, which decide at a rung whether a trial continues.

A pruner is a class in a file of its own, with one line in `class_sweep.config.components`.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from class_sweep.config.components import PRUNERS
from class_sweep.config.document import Space
from class_sweep.config.pruning import PruningSettings


@dataclass(frozen=True)
class PruningDecision:
    """What happens to a trial at a rung, and whether it was compared with another trial."""

    decision: Literal["continue", "pause", "prune"]
    compared: bool


class Pruner(ABC):
    """A rule over the reports of one sweep, in the order of the log.

    A pruner depends on these reports alone and is deterministic. A resumed sweep therefore restores
    its pruner from the reports of the log. By default a pruner
    has no rungs and pauses no trial.

    Attributes:
        replayed_settings: The settings of its section that `class-sweep replay` varies.
    """

    replayed_settings: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def rung_epochs(cls, settings: Any, epochs: int) -> list[float]:  # noqa: ARG003 - the interface
        """The epochs at which the rungs stand for a trial over the full data, ascending.

        Other trials meet there at equal samples, or at the same fractions of their own schedules.
        Rungs at the budget or beyond it are left out by the caller.

        Args:
            settings: The pruner's section, with a number of `grace_epochs`.
            epochs: The budget.
        """
        return []

    @classmethod
    def from_settings(cls, settings: Any, rungs: int, trials: int) -> Self:  # noqa: ARG003
        """A pruner without reports.

        Args:
            settings: The pruner's section.
            rungs: The number of rungs.
            trials: The number of compared trials: all but the baselines.
        """
        return cls()

    @property
    def max_paused(self) -> int:
        """The largest number of trials that are paused at the same time."""
        return 0

    @property
    def paused(self) -> frozenset[int]:
        """The paused trials that keep their rung capacity; the tuner prunes all others."""
        return frozenset()

    @abstractmethod
    def decide(
        self, trial: int, rung: int, score: float, *, baseline: bool = False
    ) -> PruningDecision:
        """Decide on a trial at a rung. A score equal to the threshold passes.

        A trial that reaches a rung again, after a restart, changes nothing.

        Args:
            trial: The trial's number, from 0, in the order of proposal.
            rung: The rung's number, from 0.
            score: A finite number, higher is better.
            baseline: Whether the trial is a baseline, which always continues.
        """

    def promotable(self, paused: Collection[int], under_way: Iterable[int]) -> list[int]:  # noqa: ARG002
        """The paused trials that can be promoted now, in the order of promotion.

        The tuner calls it once all trials have been proposed. If no trial is under way, at least
        one paused trial is promotable.

        Args:
            paused: All paused trials.
            under_way: The trials that run or will start again, without baselines.
        """
        return []

    def expect(self, trials: int) -> None:  # noqa: B027 - most pruners do not depend on it
        """Expect another number of compared trials than so far, before a promotion.

        The time of a sweep under `search.hours` decides it while the sweep runs. A trial that was
        promoted stays so.
        """

    def expected_samples(self, rungs: Sequence[int], trials: int, full: int) -> int | None:  # noqa: ARG002
        """The samples that the compared trials see together, or None if that is not predictable.

        Args:
            rungs: The samples of each rung.
            trials: The number of compared trials.
            full: The samples of a complete trial.
        """
        return None

    def notes(self, trials: int) -> list[str]:  # noqa: ARG002
        """Advice for a user who compares this number of trials."""
        return []


def pruner_class(settings: PruningSettings) -> type[Pruner]:
    """The pruner that the settings name.

    Raises:
        ConfigError: If the name is unknown.
    """
    implementation: type[Pruner] = PRUNERS.load(settings.kind)
    return implementation


def make_pruner(settings: PruningSettings, rungs: int, trials: int) -> Pruner:
    """A pruner without reports; see `Pruner.from_settings`."""
    return pruner_class(settings).from_settings(settings, rungs, trials)


def rung_epochs(settings: PruningSettings, epochs: int) -> list[float]:
    """The epochs of full data at whose samples the rungs stand, below the budget."""
    rungs = pruner_class(settings).rung_epochs(settings, epochs)
    return [rung for rung in rungs if rung < epochs]


def geometric_rungs(grace_epochs: float, reduction_factor: float, epochs: int) -> list[float]:
    """The rungs of a halving: grace_epochs · η^r for r = 0, 1, … below the budget."""
    rungs = []
    rung = float(grace_epochs)
    while rung < epochs:
        rungs.append(rung)
        rung *= reduction_factor
    return rungs


def pruning_notes(space: Space) -> list[str]:
    """Advice about the pruner and the number of trials of a space."""
    trials = space.schedule_trials
    return make_pruner(space.settings.pruning, 1, trials).notes(trials)

"""The interface of pruners, which decide at a rung whether a trial continues."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True)
class PruningDecision:
    """What happens to a trial at a rung, and whether it was compared with another trial."""

    decision: Literal["continue", "pause", "prune"]
    compared: bool


class Pruner(Protocol):
    """A rule over the reports of one sweep, in the order of the log.

    A pruner depends on these reports alone and draws nothing at random. A resumed sweep therefore
    restores its pruner by deciding the reports of the log again.
    """

    @property
    def paused(self) -> frozenset[int]:
        """The paused trials that keep their rung capacity; the tuner prunes all others."""

    def promotable(self, paused: Collection[int], under_way: Iterable[int]) -> list[int]:
        """The paused trials that can be promoted now, in the order of promotion.

        The tuner calls it once all trials have been proposed. If no trial is under way, at least
        one paused trial is promotable.

        Args:
            paused: All paused trials.
            under_way: The trials that run or will start again, without baselines.
        """

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


class NeverPauses:
    """The part of the interface that a pruner without paused trials does not need."""

    paused: frozenset[int] = frozenset()

    def promotable(self, paused: Collection[int], under_way: Iterable[int]) -> list[int]:  # noqa: ARG002 - the interface
        """None: no trial is paused."""
        return []


class NoPruning(NeverPauses):
    """Every trial runs to its end."""

    def decide(
        self,
        trial: int,  # noqa: ARG002 - the interface
        rung: int,  # noqa: ARG002
        score: float,  # noqa: ARG002
        *,
        baseline: bool = False,  # noqa: ARG002
    ) -> PruningDecision:
        """Continue every trial."""
        return PruningDecision("continue", compared=False)

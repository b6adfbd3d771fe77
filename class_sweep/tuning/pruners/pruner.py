"""What decides at a rung which trials go on: the protocol of all pruners."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

Fate = Literal["continue", "pause", "prune"]


@dataclass(frozen=True)
class Verdict:
    """What becomes of a trial at a rung, and whether there was anything to compare it with."""

    fate: Fate
    compared: bool


class Pruner(Protocol):
    """A rule over the reports of one sweep, in the order in which they came.

    It knows nothing but those reports and draws nothing at random, so the same reports always end
    in the same state: a sweep is gone on with by deciding its log again.
    """

    @property
    def waiting(self) -> frozenset[int]:
        """Those that were paused and still have their place; one that lost it is to be pruned."""

    def free(self, paused: Collection[int], under_way: Iterable[int]) -> list[int]:
        """Those of the paused trials that may go on, the first in line first.

        They are asked for when every trial was proposed. Where none is under way, one is free at
        least.

        Args:
            paused: All that wait.
            under_way: Those that run or are about to, without references.
        """

    def decide(self, trial: int, rung: int, score: float, *, reference: bool = False) -> Verdict:
        """Judge a trial at a rung. Equal to what is asked for is enough.

        A trial that comes to a rung again, after a restart, changes nothing.

        Args:
            trial: Its number, from 0, in the order of proposal.
            rung: The rung's number, from 0.
            score: A finite number, better when higher.
            reference: Whether it is a schedule of `search.baselines`: it always goes on.
        """


class NeverPauses:
    """The half of the protocol that a pruner has no use for which decides at once."""

    waiting: frozenset[int] = frozenset()

    def free(self, paused: Collection[int], under_way: Iterable[int]) -> list[int]:  # noqa: ARG002 - the protocol's
        """None: none is paused."""
        return []


class NoPruning(NeverPauses):
    """Every trial runs to its end."""

    def decide(self, trial: int, rung: int, score: float, *, reference: bool = False) -> Verdict:  # noqa: ARG002 - the protocol's
        """Let it go on."""
        return Verdict("continue", compared=False)

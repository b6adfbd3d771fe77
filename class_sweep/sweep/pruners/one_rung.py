"""Train all for one grace period, finish the best K: the baseline that other pruners are to beat.

Li and Jamieson's random search with a single elimination; all trials are compared with all, which
no pruner that decides at once can do, at the price of waiting for the last.
"""

from class_sweep.sweep.pruners.pruner import Verdict


class OneRung:
    """At the rung a trial is paused while it is among the best K so far, and pruned once it is not.

    So at most K trials wait (and those that tie with the K-th), whatever the number of trials. A
    reference runs to its end anyway, and takes nobody's place.
    """

    def __init__(self, keep: int) -> None:
        """Take K."""
        self._keep = keep
        self._standing: dict[int, float] = {}

    @property
    def waiting(self) -> frozenset[int]:
        """The best K so far."""
        scores = sorted(self._standing.values(), reverse=True)
        return frozenset(t for t, s in self._standing.items() if s >= scores[: self._keep][-1])

    def decide(self, trial: int, rung: int, score: float, *, reference: bool = False) -> Verdict:  # noqa: ARG002 - there is one rung
        """Compare with all that came before; see `Pruner`."""
        if reference:
            return Verdict("continue", compared=False)
        compared = trial not in self._standing and bool(self._standing)
        self._standing.setdefault(trial, score)
        return Verdict("pause" if trial in self.waiting else "prune", compared=compared)

"""No pruning: every trial runs to its end."""

from collections.abc import Sequence

from class_sweep.tuning.pruners.pruner import Pruner, PruningDecision


class NoPruner(Pruner):
    """Continues every trial."""

    def decide(
        self,
        trial: int,  # noqa: ARG002 - the interface
        rung: int,  # noqa: ARG002
        score: float,  # noqa: ARG002
        *,
        baseline: bool = False,  # noqa: ARG002
    ) -> PruningDecision:
        """Continue; see `Pruner`."""
        return PruningDecision("continue", compared=False)

    def expected_samples(self, rungs: Sequence[int], trials: int, full: int) -> int:  # noqa: ARG002
        """All samples of all trials; see `Pruner`."""
        return trials * full

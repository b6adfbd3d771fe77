"""No pruning: every trial runs to its end."""

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

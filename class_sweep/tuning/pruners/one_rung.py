"""Single elimination: one rung, at which the best K trials continue."""

from typing import Self

from class_sweep.config.pruning import OneRungPruning
from class_sweep.tuning.pruners.successive_halving import Halving


class OneRung(Halving):
    """The single elimination of Li and Jamieson: the best `min_kept` trials run to their end."""

    replayed_settings = ("grace_epochs", "min_kept", "rungs")

    @classmethod
    def rung_epochs(cls, settings: OneRungPruning, epochs: int) -> list[float]:  # noqa: ARG003
        """The one rung; see `Pruner`."""
        return [float(settings.grace_epochs)]

    @classmethod
    def from_settings(cls, settings: OneRungPruning, rungs: int, trials: int) -> Self:  # noqa: ARG003
        """A pruner without reports; see `Pruner`."""
        return cls([settings.min_kept] * rungs)

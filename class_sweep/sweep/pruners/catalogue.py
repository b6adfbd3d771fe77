"""The pruners by their names in a space file."""

from collections.abc import Callable
from typing import Any

from class_sweep.config.pruning import Pruning
from class_sweep.sweep.pruners.asha import Asha, Hyperband
from class_sweep.sweep.pruners.halving import SuccessiveHalving, places
from class_sweep.sweep.pruners.median import MedianStopping
from class_sweep.sweep.pruners.pruner import NoPruning, Pruner

PRUNERS: dict[str, Callable[[Any, int, int], Pruner]] = {
    "successive_halving": lambda settings, rungs, trials: SuccessiveHalving(
        places(trials, settings.reduction_factor, rungs, settings.keep)
    ),
    "asha": lambda settings, _, __: Asha(settings.reduction_factor),
    "hyperband": lambda settings, rungs, _: Hyperband(settings.reduction_factor, rungs),
    "median": lambda *_: MedianStopping(),
    "one_rung": lambda settings, rungs, _: SuccessiveHalving([settings.keep] * rungs),
    "none": lambda *_: NoPruning(),
}
"""`pruning.kind` to what makes a pruner of the settings, the number of rungs and that of trials."""


def make_pruner(settings: Pruning, rungs: int, trials: int) -> Pruner:
    """A pruner that has seen nothing yet.

    Args:
        settings: Of it.
        rungs: How many there are.
        trials: How many are to be compared: all but the references.
    """
    return PRUNERS[settings.kind](settings, rungs, trials)

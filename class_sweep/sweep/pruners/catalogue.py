"""The pruners by their names in a space file."""

from collections.abc import Callable
from typing import Any

from class_sweep.config.pruning import Pruning
from class_sweep.sweep.pruners.asha import Asha, Hyperband
from class_sweep.sweep.pruners.median import MedianStopping
from class_sweep.sweep.pruners.one_rung import OneRung
from class_sweep.sweep.pruners.pruner import NoPruning, Pruner

PRUNERS: dict[str, Callable[[Any, int], Pruner]] = {
    "asha": lambda settings, _: Asha(settings.reduction_factor),
    "hyperband": lambda settings, rungs: Hyperband(settings.reduction_factor, rungs),
    "median": lambda _, __: MedianStopping(),
    "one_rung": lambda settings, _: OneRung(settings.keep),
    "none": lambda _, __: NoPruning(),
}
"""`pruning.kind` to what makes a pruner of the settings and the number of rungs."""


def make_pruner(settings: Pruning, rungs: int) -> Pruner:
    """A pruner that has seen nothing yet."""
    return PRUNERS[settings.kind](settings, rungs)

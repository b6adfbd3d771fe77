"""The pruners by their names in a space file."""

from collections.abc import Callable, Sequence
from typing import Any

from class_sweep.config.document import Space
from class_sweep.config.pruning import HalvingPruning, OneRungPruning, PruningSettings
from class_sweep.tuning.pruners.asha import Asha, Hyperband
from class_sweep.tuning.pruners.median import MedianStopping
from class_sweep.tuning.pruners.pruner import NoPruning, Pruner
from class_sweep.tuning.pruners.successive_halving import SuccessiveHalving, places
from class_sweep.tuning.samplers import searched

PRUNERS: dict[str, Callable[[Any, int, int], Pruner]] = {
    "successive_halving": lambda settings, rungs, trials: SuccessiveHalving(
        places(trials, settings.reduction_factor, rungs, settings.min_kept)
    ),
    "asha": lambda settings, _, __: Asha(settings.reduction_factor),
    "hyperband": lambda settings, rungs, _: Hyperband(settings.reduction_factor, rungs),
    "median": lambda *_: MedianStopping(),
    "one_rung": lambda settings, rungs, _: SuccessiveHalving([settings.min_kept] * rungs),
    "none": lambda *_: NoPruning(),
}
"""`pruning.kind` to what makes a pruner of the settings, the number of rungs and that of trials."""


def make_pruner(settings: PruningSettings, rungs: int, trials: int) -> Pruner:
    """A pruner that has seen nothing yet.

    Args:
        settings: Of it.
        rungs: How many there are.
        trials: How many are to be compared: all but the references.
    """
    return PRUNERS[settings.kind](settings, rungs, trials)


def foretold_samples(
    settings: PruningSettings, rungs: Sequence[int], trials: int, full: int
) -> int | None:
    """The samples that trials see in all, where the places at the rungs tell.

    Args:
        settings: Of the pruner.
        rungs: Their samples.
        trials: How many are compared.
        full: Samples of one that goes to its end.
    """
    if isinstance(settings, HalvingPruning):
        going_on = places(trials, settings.reduction_factor, len(rungs), settings.min_kept)
    elif isinstance(settings, OneRungPruning):
        going_on = [settings.min_kept] * len(rungs)
    else:
        return None
    there = [rung for rung in rungs if rung < full]
    legs = [end - start for start, end in zip([0, *there], [*there, full], strict=True)]
    return sum(min(n, trials) * leg for n, leg in zip([trials, *going_on], legs, strict=False))


def pruning_notes(space: Space) -> list[str]:
    """What a user should know of how the pruner meets these trials."""
    pruning, trials = space.settings.pruning, searched(space)
    if isinstance(pruning, HalvingPruning | OneRungPruning) and 1 < trials <= pruning.min_kept:
        return [
            f"pruning.min_kept: none of the {trials} trials that are compared will be pruned, for"
            f" {pruning.min_kept} go on at every rung"
        ]
    return []

"""The number of parallel trials, counted machine by machine: a trial never spans two machines."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from class_sweep.config.sections import Resources
from class_sweep.errors import InputError

_SHOWN = 4  # kinds of machines in an error message
_TOLERANCE = 1e-9  # floating-point quotients may lie just below a whole number


@dataclass(frozen=True)
class Machine:
    """The resources of one machine.

    Attributes:
        name: The name in messages.
        cpus: The number of cores.
        gpus: The number of GPUs.
    """

    name: str
    cpus: float
    gpus: float

    def holds(self, resources: Resources) -> int:
        """The number of parallel trials; a fraction of a GPU never spans two GPUs."""
        fit = math.floor(self.cpus / resources.cpus + _TOLERANCE)
        if not resources.gpus:
            return fit
        if resources.gpus < 1:
            each = math.floor(1 / resources.gpus + _TOLERANCE)
            return min(fit, each * math.floor(self.gpus))
        return min(fit, math.floor(self.gpus / resources.gpus + _TOLERANCE))


def parallel_trials(
    resources: Resources, limit: int | None, trials: int, machines: Sequence[Machine]
) -> int:
    """The number of trials that run in parallel.

    Args:
        resources: The resources of one trial.
        limit: The value of `search.max_concurrent`.
        trials: The number of remaining trials.
        machines: The machines that exist or can be launched.

    Raises:
        InputError: If no machine can hold a trial.
    """
    fit = sum(machine.holds(resources) for machine in machines)
    if not fit:
        raise InputError(_misfit(resources, machines))
    return max(1, min(fit, trials, limit or trials))


def _misfit(resources: Resources, machines: Sequence[Machine]) -> str:
    """Say which resource of a trial exceeds every machine, or that no machine has both."""
    for name in ("cpus", "gpus"):
        need = getattr(resources, name)
        largest = max((getattr(machine, name) for machine in machines), default=0)
        if need > largest:
            if len(machines) == 1:
                return f"resources.{name} must be at most {largest:g} on this machine, got {need:g}"
            return (
                f"resources.{name} must be at most {largest:g} on these machines, got {need:g};"
                f" {_listed(machines)}"
            )
    return (
        f"resources must fit on one machine, got cpus {resources.cpus:g} and gpus"
        f" {resources.gpus:g}; {_listed(machines)}"
    )


def _listed(machines: Sequence[Machine]) -> str:
    kinds: dict[tuple[float, float], list[str]] = {}
    for machine in machines:
        kinds.setdefault((machine.cpus, machine.gpus), []).append(machine.name)
    groups = [
        f"{names[0] if len(names) == 1 else f'{len(names)} machines'} ({cpus:g}, {gpus:g})"
        for (cpus, gpus), names in list(kinds.items())[:_SHOWN]
    ]
    more = f" and {len(kinds) - _SHOWN} more kinds" if len(kinds) > _SHOWN else ""
    return f"cores and GPUs of each machine: {', '.join(groups)}{more}"

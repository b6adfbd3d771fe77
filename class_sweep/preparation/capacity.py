"""The number of parallel trials, counted machine by machine: a trial never spans two machines."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from class_sweep.config.sections import Resources
from class_sweep.errors import InputError

_SHOWN = 4  # kinds of machines in an error message
_NO_GPU = "; torch finds no GPU here: see Run on a GPU (docs/how-to/gpu.md), or write gpus: 0"
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
        """The number of parallel trials; a share of a GPU never spans two GPUs."""
        fit = math.floor(self.cpus / resources.cpus + _TOLERANCE)
        if not resources.gpus:
            return fit
        whole = math.floor(self.gpus)
        if resources.gpus >= 1:
            return min(fit, whole // resources.processes)
        return min(fit, math.floor(1 / resources.gpus + _TOLERANCE) * whole)


def parallel_trials(
    resources: Resources,
    limit: int | None,
    trials: int,
    machines: Sequence[Machine],
    place: Callable[[str], str] = str,
) -> int:
    """The number of trials that run in parallel.

    Args:
        resources: The resources of one trial.
        limit: The value of `search.max_concurrent`.
        trials: The number of remaining trials.
        machines: The machines that exist or can be launched.
        place: The beginning of a message about a setting, from its dotted path.

    Raises:
        InputError: If no machine can hold a trial.
    """
    fit = sum(machine.holds(resources) for machine in machines)
    if not fit:
        path, rule = _misfit(resources, machines)
        raise InputError(f"{place(path)}: {rule}")
    return max(1, min(fit, trials, limit or trials))


def _misfit(resources: Resources, machines: Sequence[Machine]) -> tuple[str, str]:
    """The resource of a trial that exceeds every machine, or all of them, and the broken rule."""
    for name in ("cpus", "gpus"):
        need = getattr(resources, name)
        largest = max((getattr(machine, name) for machine in machines), default=0)
        if need > largest and len(machines) == 1:
            return f"resources.{name}", (
                f"must be at most {largest:g} on this machine, got {need:g}"
                + (_NO_GPU if name == "gpus" and not largest else "")
            )
        if need > largest:
            return f"resources.{name}", (
                f"must be at most {largest:g} on these machines, got {need:g}; {_listed(machines)}"
            )
    return "resources", (
        f"must fit on one machine, got cpus {resources.cpus:g} and gpus {resources.gpus:g};"
        f" {_listed(machines)}"
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

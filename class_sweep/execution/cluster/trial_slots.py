"""How many trials may be under way at a time, on machines that come and go."""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from class_sweep.config.sections import Resources
from class_sweep.errors import SweepError
from class_sweep.execution.interrupts import StopRequest
from class_sweep.preparation.capacity import Machine

log = logging.getLogger(__name__)

_LAUNCHER = Path("~/ray_bootstrap_config.yaml")  # what `ray up` leaves on the head
_GLANCE = 1.0  # seconds between two looks at who is there


def launchable() -> list[Machine]:
    """What the cluster launcher may add that started this machine, the head; else nothing.

    No more machines than it may start in all: the largest, beside one of each type. The autoscalers
    of other launchers do not say what they could bring.
    """
    path = _LAUNCHER.expanduser()
    if not path.is_file():
        return []
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    most = tree.get("max_workers", 0)
    types = []
    for name, kind in tree.get("available_node_types", {}).items():
        there = kind.get("resources", {})
        machine = Machine(f"type {name}", there.get("CPU", 0.0), there.get("GPU", 0.0))
        if name != tree.get("head_node_type"):
            types.append((machine, min(kind.get("max_workers", most), most)))
    types.sort(key=lambda each: (each[0].gpus, each[0].cpus), reverse=True)
    first = [machine for machine, count in types if count]
    more = [machine for machine, count in types for _ in range(count - 1)]
    return first + more[: max(0, most - len(first))]


class Room:
    """How many trials may be under way at a time: as many as fit, whoever joins or leaves."""

    def __init__(
        self,
        resources: Resources,
        limit: int | None,
        machines: Callable[[], Sequence[Machine]],
        launchable: Sequence[Machine] = (),
    ) -> None:
        """Know what one trial takes and where to look for it.

        Args:
            resources: Of one trial.
            limit: `search.max_concurrent`.
            machines: Those that are there, asked again and again.
            launchable: Those that are brought where more is asked for than fits.
        """
        self._resources, self._limit, self._machines = resources, limit, machines
        self._launchable = sum(machine.holds(resources) for machine in launchable)
        self._fit, self._looked = 0, -_GLANCE

    def __call__(self, trials: int, stop: StopRequest) -> int:
        """How many of so many trials; none, and a stop is asked for, where nodes are wrong.

        At least one: it waits in line where nothing fits at this moment.
        """
        if time.monotonic() - self._looked >= _GLANCE:
            try:
                machines = self._machines()
            except SweepError as error:
                log.warning("stopping after the running reports: %s", error)
                stop.ask(error)
                return 0
            there = sum(machine.holds(self._resources) for machine in machines)
            self._fit, self._looked = max(there, self._launchable), time.monotonic()
        return max(1, min(self._fit, trials, self._limit or trials))

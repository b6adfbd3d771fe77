"""The number of trials that may run at once, while machines join and leave."""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ruamel.yaml import YAML

from class_sweep.config.sections import Resources
from class_sweep.errors import SweepError
from class_sweep.execution.interrupts import StopRequest
from class_sweep.preparation.capacity import Machine

log = logging.getLogger(__name__)

_BOOTSTRAP_CONFIG = Path("~/ray_bootstrap_config.yaml")  # `ray up` writes it on the head
_POLL_SECONDS = 1.0  # between two counts of the machines


def launchable_machines() -> list[Machine]:
    """The machines that the cluster launcher can add, if it started this machine, the head.

    The list is no longer than `max_workers`: one machine of each type, then more of the largest.
    Autoscalers of other launchers do not publish what they can add.
    """
    path = _BOOTSTRAP_CONFIG.expanduser()
    if not path.is_file():
        return []
    tree = YAML(typ="safe", pure=True).load(path)
    max_workers = tree.get("max_workers", 0)
    types = []
    for name, node_type in tree.get("available_node_types", {}).items():
        sizes = node_type.get("resources", {})
        machine = Machine(f"type {name}", sizes.get("CPU", 0.0), sizes.get("GPU", 0.0))
        if name != tree.get("head_node_type"):
            types.append((machine, min(node_type.get("max_workers", max_workers), max_workers)))
    types.sort(key=lambda pair: (pair[0].gpus, pair[0].cpus), reverse=True)
    one_each = [machine for machine, count in types if count]
    further = [machine for machine, count in types for _ in range(count - 1)]
    return one_each + further[: max(0, max_workers - len(one_each))]


class TrialSlots:
    """The number of trials that may run at once: as many as fit on the present machines."""

    def __init__(
        self,
        resources: Resources,
        limit: int | None,
        machines: Callable[[], Sequence[Machine]],
        launchable: Sequence[Machine] = (),
    ) -> None:
        """Take the size of a trial and the source of the machines.

        Args:
            resources: Resources of one trial.
            limit: `search.max_concurrent`.
            machines: Returns the present machines; called about once a second.
            launchable: Machines that an autoscaler adds when more trials are requested than fit.
        """
        self._resources, self._limit, self._machines = resources, limit, machines
        self._launchable = sum(machine.holds(resources) for machine in launchable)
        self._capacity, self._counted = 0, -_POLL_SECONDS

    def __call__(self, trials: int, stop: StopRequest) -> int:
        """The number of trials that may run now, of the `trials` that are left.

        It is at least 1: a trial that does not fit yet waits in Ray's queue. It is 0 if a node that
        joined cannot be used; the sweep is then asked to stop.
        """
        if time.monotonic() - self._counted >= _POLL_SECONDS:
            try:
                machines = self._machines()
            except SweepError as error:
                log.warning("stopping after the running reports: %s", error)
                stop.ask(error)
                return 0
            fit = sum(machine.holds(self._resources) for machine in machines)
            self._capacity, self._counted = max(fit, self._launchable), time.monotonic()
        return max(1, min(self._capacity, trials, self._limit or trials))

"""The nodes of a Ray cluster: what they run, what they hold, and who comes and goes."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import ray
import yaml
from ray.exceptions import RayError, TaskUnschedulableError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from class_sweep.config.sections import Resources
from class_sweep.errors import InputError, SweepError
from class_sweep.sweep.capacity import Machine
from class_sweep.sweep.footprint import gpu_memory
from class_sweep.sweep.interrupt import StopRequest
from class_sweep.sweep.software import asking, differences

log = logging.getLogger(__name__)

_LAUNCHER = Path("~/ray_bootstrap_config.yaml")  # what `ray up` leaves on the head
_ANSWER = 30.0  # seconds that a node has to start a process and answer
_PAUSE = 0.1  # seconds between two looks at who has answered
_GLANCE = 1.0  # seconds between two looks at who is there


def alive() -> dict[str, Machine]:
    """The nodes that are there, by their id."""
    return {
        node["NodeID"]: Machine(
            f"node {node['NodeManagerAddress']} ({node['NodeID'][:6]})",
            node["Resources"].get("CPU", 0.0),
            node["Resources"].get("GPU", 0.0),
        )
        for node in ray.nodes()  # type: ignore[no-untyped-call]
        if node["Alive"]
    }


def launchable() -> list[Machine]:
    """What the cluster launcher may add where it started this machine as the head; else nothing.

    The autoscalers of other launchers do not say what they could bring.
    """
    path = _LAUNCHER.expanduser()
    if not path.is_file():
        return []
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    most = tree.get("max_workers", 0)
    found = []
    for name, kind in tree.get("available_node_types", {}).items():
        there = kind.get("resources", {})
        machine = Machine(f"type {name}", there.get("CPU", 0.0), there.get("GPU", 0.0))
        if name != tree.get("head_node_type"):
            found += [machine] * min(kind.get("max_workers", most), most)
    return found


def on_node(function: Callable[[], Any], node: str, gpus: float = 0.0) -> "ray.ObjectRef[Any]":
    """Call a function on one node and nowhere else, beside whatever runs there."""
    pinned = NodeAffinitySchedulingStrategy(node, soft=False)
    task = ray.remote(function).options(
        num_cpus=0, num_gpus=gpus, max_retries=0, scheduling_strategy=pinned
    )
    return task.remote()


class Roster:
    """The nodes of a joined cluster that were found to run what this machine runs."""

    def __init__(self) -> None:
        self._ask = asking()
        self._own = self._ask()
        self._asked: dict[str, ray.ObjectRef[Any]] = {}
        self._alike: dict[str, Machine] = {}
        self._wrong: dict[str, str] = {}

    def require_alike(self) -> None:
        """Ask every node what it runs.

        Raises:
            InputError: If any differs or gives no answer; all of these are named.
        """
        deadline = time.monotonic() + _ANSWER
        there = self._look()
        while (late := there.keys() - self._alike.keys() - self._wrong.keys()) and (
            time.monotonic() < deadline
        ):
            time.sleep(_PAUSE)
            there = self._look()
        wrong = [*self._wrong.values()]
        wrong += [f"{there[node].name} gave no answer in {_ANSWER:.0f} s" for node in late]
        if wrong:
            raise InputError(_unlike(wrong))

    def machines(self) -> list[Machine]:
        """Those that are there, as far as they were found alike; who joined is asked meanwhile.

        Raises:
            SweepError: If one that joined differs.
        """
        there = self._look()
        for node in self._alike.keys() - there.keys():
            gone = self._alike.pop(node).name
            log.warning("%s left the cluster; its trials go on elsewhere", gone)
        if self._wrong:
            raise SweepError(
                f"{_unlike(self._wrong.values())}; it joined the cluster while the sweep ran, and"
                " every report is kept"
            )
        return list(self._alike.values())

    def _look(self) -> dict[str, Machine]:
        """Who is there; takes in what was answered, and asks those that are new."""
        there = alive()
        for node, reference in list(self._asked.items()):
            if not ray.wait([reference], timeout=0)[0]:
                continue
            del self._asked[node]
            try:
                found = differences(self._own, ray.get(reference))
            except TaskUnschedulableError:
                continue  # it is too new to be known everywhere, or gone: asked again if there
            except RayError as error:
                found = " ".join(str(error).split())
            if node in there and found:
                self._wrong[node] = f"{there[node].name} has {found}"
            elif node in there:
                self._alike[node] = there[node]
        for node in there.keys() - self._asked.keys() - self._alike.keys() - self._wrong.keys():
            self._asked[node] = on_node(self._ask, node)
        return there

    def gpu_memory(self, share: float) -> list[int]:
        """Bytes of a GPU of each node that has some and a share of one to spare.

        Args:
            share: Of a GPU, that is taken to look at it.

        Raises:
            InputError: If the torch of a node cannot use its GPUs.
        """
        there = alive()
        asked = {on_node(_gpu_bytes, node, share): node for node, m in there.items() if m.gpus}
        if not asked:
            return []
        ready, busy = ray.wait(list(asked), num_returns=len(asked), timeout=_ANSWER)
        for reference in busy:
            ray.cancel(reference, force=True)
        found = {asked[reference]: ray.get(reference) for reference in ready}
        useless = [there[node].name for node, count in found.items() if not count]
        if useless:
            raise InputError(
                "a node with GPUs must have a torch that can use them, got one that finds none:"
                f" {'; '.join(useless)}"
            )
        return list(found.values())


def _unlike(wrong: Iterable[str]) -> str:
    return f"every node must run what this machine runs: {'; '.join(wrong)}"


def _gpu_bytes() -> int:
    """Of the GPU that this task was given; 0 where torch finds none."""
    return min(gpu_memory(), default=0)


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
                stop.ask(error)
                return 0
            there = sum(machine.holds(self._resources) for machine in machines)
            self._fit, self._looked = max(there, self._launchable), time.monotonic()
        return max(1, min(self._fit, trials, self._limit or trials))

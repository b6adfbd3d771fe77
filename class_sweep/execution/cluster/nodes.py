"""The nodes of a Ray cluster: who is there, and what each runs and has."""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError, TaskUnschedulableError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from class_sweep.errors import EncoderError, InputError, SweepError
from class_sweep.execution.cluster.software import asking, differences
from class_sweep.preparation.capacity import Machine
from class_sweep.preparation.footprint import gpu_memory

log = logging.getLogger(__name__)

_ANSWER = 30.0  # seconds that a node has to start a process and answer
_FETCH = 600.0  # seconds that a node has to fetch a model from the hub
_HEAD = "node:__internal_head__"  # a resource of the head alone
_PAUSE = 0.1  # seconds between two looks at who has answered


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


def head() -> str:
    """The node that the cluster was started on."""
    nodes = ray.nodes()  # type: ignore[no-untyped-call]
    return str(next(node["NodeID"] for node in nodes if _HEAD in node["Resources"]))


def on_node(
    function: Callable[..., Any], node: str, *given: object, gpus: float = 0.0
) -> "ray.ObjectRef[Any]":
    """Call a function on one node and nowhere else, beside whatever runs there."""
    pinned = NodeAffinitySchedulingStrategy(node, soft=False)
    task = ray.remote(function).options(
        num_cpus=0, num_gpus=gpus, max_retries=0, scheduling_strategy=pinned
    )
    reference: ray.ObjectRef[Any] = task.remote(*given)
    return reference


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

    def require_model(self, model: str) -> None:
        """See that every node has the text encoder that trials train; one that can fetches it.

        Args:
            model: Its name on the hub, or a folder.

        Raises:
            InputError: If a node has none, or another.
            EncoderError: If this machine has none.
        """
        own, there = model_identity(model), alive()
        asked = {on_node(_model_identity, node, model): node for node in there}
        ray.wait(list(asked), num_returns=len(asked), timeout=_FETCH)
        wrong = []
        for reference, node in asked.items():
            try:
                found = ray.get(reference, timeout=0)
            except (RayError, GetTimeoutError):
                found = None
            if found != own:
                wrong.append(f"{there[node].name} has {'another' if found else 'none'}")
        if wrong:
            raise InputError(
                f"every node must have text_encoder.model where trials train it, got {model}:"
                f" {'; '.join(wrong)}; bring it to the same place on each"
            )

    def gpu_memory(self, share: float) -> list[int]:
        """Bytes of a GPU of each node that has some and a share of one to spare.

        Args:
            share: Of a GPU, that is taken to look at it.

        Raises:
            InputError: If the torch of a node cannot use its GPUs.
        """
        there = alive()
        asked = {on_node(_gpu_bytes, node, gpus=share): node for node, m in there.items() if m.gpus}
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


def _model_identity(model: str) -> str | None:
    """Of the model as this node finds it."""
    try:
        return model_identity(model)
    except EncoderError:
        return None


def model_identity(model: str) -> str:
    """What tells a pretrained model from another, as this machine finds or fetches it.

    Raises:
        EncoderError: If it is not to be had.
    """
    from class_sweep.encoders.hub import find_model  # noqa: PLC0415 - few spaces need the hub

    return find_model(model).identity


def _gpu_bytes() -> int:
    """Of the GPU that this task was given; 0 where torch finds none."""
    return min(gpu_memory(), default=0)

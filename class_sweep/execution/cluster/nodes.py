"""The nodes of a Ray cluster: which are alive, what software each runs, what hardware it has."""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError, TaskUnschedulableError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from class_sweep.errors import EncoderError, InputError, SweepError
from class_sweep.execution.cluster.software import software_probe, version_differences
from class_sweep.preparation.capacity import Machine
from class_sweep.preparation.footprint import gpu_memory

log = logging.getLogger(__name__)

_ANSWER_SECONDS = 60.0  # for a node to start a process and answer, even on a busy machine
_DOWNLOAD_SECONDS = 600.0  # for a node to download a model from the hub
_POLL_SECONDS = 0.1
_HEAD_RESOURCE = "node:__internal_head__"  # Ray gives it to the head alone


def alive_nodes() -> dict[str, Machine]:
    """The nodes that are alive, by node id."""
    return {
        node["NodeID"]: Machine(
            f"node {node['NodeManagerAddress']} ({node['NodeID'][:6]})",
            node["Resources"].get("CPU", 0.0),
            node["Resources"].get("GPU", 0.0),
        )
        for node in ray.nodes()  # type: ignore[no-untyped-call]
        if node["Alive"]
    }


def head_node() -> str:
    """The id of the node that the cluster was started on."""
    nodes = ray.nodes()  # type: ignore[no-untyped-call]
    return str(next(node["NodeID"] for node in nodes if _HEAD_RESOURCE in node["Resources"]))


def call_on_node(
    function: Callable[..., Any], node: str, *arguments: object, gpus: float = 0.0
) -> "ray.ObjectRef[Any]":
    """Call a function on one node, beside whatever runs there; it is not retried elsewhere."""
    pinned = NodeAffinitySchedulingStrategy(node, soft=False)
    task = ray.remote(function).options(
        num_cpus=0, num_gpus=gpus, max_retries=0, scheduling_strategy=pinned
    )
    reference: ray.ObjectRef[Any] = task.remote(*arguments)
    return reference


def ask_head(function: Callable[[], Any]) -> Any:
    """Call a function on the head of the cluster.

    Raises:
        InputError: If it does not answer in time.
    """
    try:
        return ray.get(call_on_node(function, head_node()), timeout=_ANSWER_SECONDS)
    except (RayError, GetTimeoutError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f"the head of a cluster must answer in {_ANSWER_SECONDS:.0f} s, got: {reason}; look at"
            " its load with: ray status"
        ) from error


class Roster:
    """The nodes of a joined cluster, each checked for the same software as this machine."""

    def __init__(self) -> None:
        self._probe = software_probe()
        self._software = self._probe()
        self._pending: dict[str, ray.ObjectRef[Any]] = {}
        self._accepted: dict[str, Machine] = {}
        self._rejected: dict[str, str] = {}

    def require_same_software(self) -> None:
        """Check the software of every node.

        Raises:
            InputError: If a node differs or does not answer; the error names all of these nodes.
        """
        deadline = time.monotonic() + _ANSWER_SECONDS
        nodes = self._update()
        while (silent := nodes.keys() - self._accepted.keys() - self._rejected.keys()) and (
            time.monotonic() < deadline
        ):
            time.sleep(_POLL_SECONDS)
            nodes = self._update()
        problems = [*self._rejected.values()]
        problems += [
            f"{nodes[node].name} gave no answer in {_ANSWER_SECONDS:.0f} s" for node in silent
        ]
        if problems:
            raise InputError(_software_error(problems))

    def machines(self) -> list[Machine]:
        """The accepted nodes that are alive; nodes that joined since are checked meanwhile.

        Raises:
            SweepError: If a node that joined has other software.
        """
        nodes = self._update()
        for node in self._accepted.keys() - nodes.keys():
            lost = self._accepted.pop(node).name
            log.warning("%s left the cluster; its trials continue elsewhere", lost)
        if self._rejected:
            raise SweepError(
                f"{_software_error(self._rejected.values())}; it joined the cluster while the sweep"
                " ran, and every report is kept"
            )
        return list(self._accepted.values())

    def _update(self) -> dict[str, Machine]:
        """Read the answers that have come, probe new nodes, and return the nodes alive."""
        nodes = alive_nodes()
        for node, reference in list(self._pending.items()):
            if not ray.wait([reference], timeout=0)[0]:
                continue
            del self._pending[node]
            try:
                problem = version_differences(self._software, ray.get(reference))
            except TaskUnschedulableError:
                continue  # the node is gone, or not yet known everywhere: it is probed again
            except RayError as error:
                problem = " ".join(str(error).split())
            if node in nodes and problem:
                self._rejected[node] = f"{nodes[node].name} has {problem}"
            elif node in nodes:
                self._accepted[node] = nodes[node]
        checked = self._pending.keys() | self._accepted.keys() | self._rejected.keys()
        for node in nodes.keys() - checked:
            self._pending[node] = call_on_node(self._probe, node)
        return nodes

    def require_model(self, model: str) -> None:
        """Check that every node has the text encoder that trials train, or can download it.

        Args:
            model: The model's name on the hub, or a folder.

        Raises:
            InputError: If a node has no such model, or another version of it.
            EncoderError: If this machine has no such model.
        """
        identity, nodes = model_identity(model), alive_nodes()
        asked = {call_on_node(_model_identity_or_none, node, model): node for node in nodes}
        ray.wait(list(asked), num_returns=len(asked), timeout=_DOWNLOAD_SECONDS)
        problems = []
        for reference, node in asked.items():
            try:
                other = ray.get(reference, timeout=0)
            except (RayError, GetTimeoutError):
                other = None
            if other != identity:
                problems.append(f"{nodes[node].name} has {'another' if other else 'none'}")
        if problems:
            raise InputError(
                f"every node must have the text encoder that trials train, got {model}:"
                f" {'; '.join(problems)}; copy it to the same path on each node"
            )

    def gpu_memory(self, share: float) -> list[int]:
        """Memory in bytes of one GPU of each node that has the share free.

        Args:
            share: The share of a GPU, or the GPUs, of a trial; the check takes as much.

        Raises:
            InputError: If the torch of a node cannot use its GPUs.
        """
        nodes = alive_nodes()
        asked = {
            call_on_node(_assigned_gpu_memory, node, gpus=share): node
            for node, machine in nodes.items()
            if machine.gpus >= share
        }
        if not asked:
            return []
        ready, busy = ray.wait(list(asked), num_returns=len(asked), timeout=_ANSWER_SECONDS)
        for reference in busy:
            ray.cancel(reference, force=True)
        memory = {asked[reference]: ray.get(reference) for reference in ready}
        unusable = [nodes[node].name for node, size in memory.items() if not size]
        if unusable:
            raise InputError(
                "a node with GPUs must have a torch that can use them, got one that finds no GPU:"
                f" {'; '.join(unusable)}"
            )
        return list(memory.values())


def _software_error(problems: Iterable[str]) -> str:
    return f"every node must run the same software as this machine: {'; '.join(problems)}"


def _model_identity_or_none(model: str) -> str | None:
    """The identity of a model on this node; None if the node has none."""
    try:
        return model_identity(model)
    except EncoderError:
        return None


def model_identity(model: str) -> str:
    """The identity of a pretrained model, as this machine finds or downloads it.

    Raises:
        EncoderError: If the model is not found.
    """
    from class_sweep.encoders.hub import find_model  # noqa: PLC0415 - few spaces need the hub

    return find_model(model).identity


def _assigned_gpu_memory() -> int:
    """Memory in bytes of the GPU assigned to this task; 0 if torch finds none."""
    return min(gpu_memory(), default=0)

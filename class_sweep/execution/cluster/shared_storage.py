"""Check that every machine of a cluster reaches the location of the checkpoints."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import ray
from ray.exceptions import RayError

from class_sweep.errors import InputError, StorageError
from class_sweep.execution.cluster.nodes import call_on_node
from class_sweep.storage.connection import is_remote
from class_sweep.storage.remote import Storage

_ANSWER_SECONDS = 60.0  # for all machines together; most of it is the start of a worker


def node_of_each_machine(nodes: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The id of one live node of each machine, by the machine's name; nodes may share a disk.

    Args:
        nodes: The list that `ray.nodes()` returns.
    """
    machines: dict[str, str] = {}
    for node in nodes:
        if node["Alive"]:
            name = f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})"
            machines.setdefault(name, node["NodeID"])
    return machines


def require_shared(location: Storage, nodes: Sequence[Mapping[str, Any]]) -> None:
    """Check with a task on each machine that it can read and write at a location.

    A single machine with a local path is not checked.

    Args:
        location: The location of the checkpoints.
        nodes: The list that `ray.nodes()` returns.

    Raises:
        InputError: If a machine cannot; the error names each of them with its reason.
    """
    machines = node_of_each_machine(nodes)
    if len(machines) < 2 and not is_remote(location.address):
        return
    marker = f".marker-{uuid.uuid4().hex}"
    location.put(marker, b"class-sweep")
    try:
        answers = {
            name: call_on_node(unreachable_reason, node, location, marker)
            for name, node in machines.items()
        }
        ray.wait(list(answers.values()), num_returns=len(answers), timeout=_ANSWER_SECONDS)
        problems = {name: text for name, answer in answers.items() if (text := _result(answer))}
    finally:
        location.remove(marker)
    if problems:
        listed = "; ".join(f"{name}: {text}" for name, text in problems.items())
        raise InputError(
            "every machine of a cluster must reach the location of a sweep's checkpoints, got"
            f" {location}: {listed}; name a shared location with --storage"
        )


def unreachable_reason(location: Storage, marker: str) -> str | None:
    """Why this machine cannot read the driver's marker or write beside it; None if it can."""
    try:
        if location.stat(marker) is None:
            return "the driver's file is not there"
        location.put(f"{marker}-back", b"class-sweep")
        location.remove(f"{marker}-back")
    except StorageError as error:
        return str(error)
    return None


def _result(reference: "ray.ObjectRef[str | None]") -> str | None:
    try:
        return ray.get(reference, timeout=0)
    except (RayError, TimeoutError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        return f"no answer in {_ANSWER_SECONDS:g} s: {reason}"

"""Whether every machine of a cluster reaches the place where trials leave their checkpoints."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import ray
from ray.exceptions import RayError

from class_sweep.errors import InputError, StorageError
from class_sweep.execution.cluster.client import from_outside
from class_sweep.execution.cluster.nodes import on_node
from class_sweep.storage.connection import is_remote
from class_sweep.storage.remote import Storage

_LIMIT = 30.0  # seconds that the machines have to answer, most of them for starting a worker


def machines(nodes: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """A node of each machine that is alive, by the machine's name; several may share a disk.

    Args:
        nodes: As `ray.nodes()` gives them.
    """
    found: dict[str, str] = {}
    for node in nodes:
        if node["Alive"]:
            name = f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})"
            found.setdefault(name, node["NodeID"])
    return found


def require_shared(place: Storage, nodes: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a place that a machine of the cluster cannot see or write to: a task there tries.

    Args:
        place: Where checkpoints go.
        nodes: As `ray.nodes()` gives them.

    Raises:
        InputError: With the machines that cannot, and why.
    """
    there = machines(nodes)
    if len(there) < 2 and not (is_remote(place.address) or from_outside()):
        return
    marker = f".marker-{uuid.uuid4().hex}"
    place.put(marker, b"class-sweep")
    try:
        answers = {name: on_node(reaches, node, place, marker) for name, node in there.items()}
        ray.wait(list(answers.values()), num_returns=len(answers), timeout=_LIMIT)
        failed = {name: why for name, answer in answers.items() if (why := _answer(answer))}
    finally:
        place.remove(marker)
    if failed:
        listed = "; ".join(f"{name}: {why}" for name, why in failed.items())
        raise InputError(
            "every machine of a cluster must reach the place of a sweep's checkpoints, which"
            f" --storage names, got {place}: {listed}"
        )


def reaches(place: Storage, marker: str) -> str | None:
    """Why this machine does not see a file that the driver wrote, or cannot write beside it."""
    try:
        if place.stat(marker) is None:
            return "it does not see there what this one wrote"
        place.put(f"{marker}-back", b"class-sweep")
        place.remove(f"{marker}-back")
    except StorageError as error:
        return str(error)
    return None


def _answer(reference: "ray.ObjectRef[str | None]") -> str | None:
    try:
        return ray.get(reference, timeout=0)
    except (RayError, TimeoutError) as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        return f"no answer in {_LIMIT:g} s: {said}"

"""The address of a Ray cluster, and the check that this machine is a node of it."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import psutil

from class_sweep.errors import InputError
from class_sweep.execution.cluster.session_folder import is_private_session

_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 10.0  # includes importing Ray

_SUBMIT = (
    "send the sweep from another machine as a job: ray job submit --address http://HEAD:8265 --"
    " class-sweep run SPACE --address auto --storage STORAGE"
)

# A separate process runs it: Ray's client waits for minutes, and ends its process without a token.
_GREETING = """
import sys
import ray
from ray._private.authentication.authentication_token_setup import (
    maybe_enable_token_auth_if_token_available as enable,
)
from ray._private.services import find_node_ids
if sys.argv[2] == "auto":
    enable(warn_if_disabled=False)
nodes = ray._raylet.GcsClient(address=sys.argv[1]).get_all_node_info()
print("here" if {node.hex() for node in nodes} & set(find_node_ids()) else "elsewhere")
"""


def cluster_address(requested: str | None) -> str | None:
    """The cluster to join: the requested one, else RAY_ADDRESS; None for a local Ray instance."""
    address = requested or os.environ.get("RAY_ADDRESS")
    return None if address in {None, "", "local"} else address


def require_cluster(address: str) -> str:
    """Check within 15 seconds that this machine is a node of the cluster at an address.

    Args:
        address: `auto`, or `host:port` of the cluster's head.

    Returns:
        The host and port to connect to.

    Raises:
        InputError: If the address has another form, nothing answers there, the process there is no
            Ray cluster or refuses this machine's token, or this machine is no node of the cluster.
    """
    if "://" in address:
        raise InputError(
            "an address must be auto or host:port, and this machine a node of that cluster, got"
            f" {address}; {_SUBMIT}"
        )
    location = _bootstrap_address(address)
    _require_listener(address, location)
    try:
        greeting = subprocess.run(  # noqa: S603 - the script above
            [sys.executable, "-c", _GREETING, location, address],
            capture_output=True, text=True, timeout=_ANSWER_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise _no_answer(address, f"the process at {location} is no Ray cluster") from None
    answer = greeting.stdout.strip()
    if answer == "elsewhere":
        raise InputError(
            f"this machine must be a node of the cluster at {address}, but it is not; {_SUBMIT}"
        )
    if answer != "here":
        raise _refusal(address, greeting.stderr)
    return location


def _require_listener(address: str, location: str) -> None:
    """Check that a socket listens at host:port."""
    host, _, port = location.rpartition(":")
    if not (host and port.isdecimal()) or "/" in host:
        raise InputError(f"an address must be auto or host:port, got {address}")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise _no_answer(address, f"{location}: {error}") from None


def _bootstrap_address(address: str) -> str:
    """The host and port that Ray connects to; empty if the address has another form."""
    # Imported here: a sweep on this machine alone checks no address.
    from ray._private.services import canonicalize_bootstrap_address  # noqa: PLC0415

    try:
        return str(canonicalize_bootstrap_address(_found(address)))
    except ValueError:
        return ""


def _found(address: str) -> str:
    """The address itself; for `auto` RAY_ADDRESS, else the cluster that runs on this machine.

    Ray's own search would also find the private Ray of another sweep.
    """
    from ray._private.utils import read_ray_address  # noqa: PLC0415 - as above

    if address != "auto":
        return address
    named = os.environ.get("RAY_ADDRESS")
    if named not in {None, "", "auto", "local"}:
        return str(named)
    running = _running_clusters()
    if not running:
        raise _no_answer(address, "no cluster runs on this machine")
    recorded = read_ray_address()  # by the last `ray start`
    return recorded if recorded in running else min(running)


def _running_clusters() -> set[str]:
    """The addresses of the clusters that this machine is a node of, private ones left out."""
    addresses: set[str] = set()
    for process in psutil.process_iter(["cmdline"]):
        arguments = process.info["cmdline"] or [""]
        if Path(arguments[0]).name != "raylet" or any(map(is_private_session, arguments)):
            continue
        words = " ".join(arguments).split()
        addresses.update(w.partition("=")[2] for w in words if w.startswith("--gcs-address="))
    return addresses - {"", "None"}


def _no_answer(address: str, reason: str) -> InputError:
    return InputError(f"an address must name a running Ray cluster, got {address} ({reason})")


def _refusal(address: str, message: str) -> InputError:
    """The error for a greeting that failed with a message of Ray's."""
    if "authentication token" in message.lower() or "RAY_AUTH_TOKEN" in message:
        return InputError(
            f"this machine must have the token of the cluster at {address}, got none or a wrong"
            " one; set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN_PATH to a file with the token"
        )
    lines = message.strip().splitlines()
    return _no_answer(address, lines[-1] if lines else "no reason given")

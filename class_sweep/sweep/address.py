"""Where a sweep's Ray is: the address that was asked for, and whether a cluster answers there."""

import os
import socket
import subprocess
import sys

from class_sweep.errors import InputError

_REACH = 5.0  # seconds for a connection
_ANSWER = 10.0  # seconds for the cluster's answer, which includes importing Ray

# Ray's client waits for minutes, and ends its process where it has no token: so in one of its own.
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


def wanted_address(asked: str | None) -> str | None:
    """The cluster to join: what was asked for, else RAY_ADDRESS; None for a Ray of one's own."""
    address = asked or os.environ.get("RAY_ADDRESS")
    return None if address in {None, "", "local"} else address


def require_cluster(address: str) -> None:
    """See that a cluster can be joined, within 15 seconds.

    Args:
        address: `auto` or `host:port`.

    Raises:
        InputError: If it is of another kind, nothing answers there, what answers is no Ray cluster
            or refuses this machine's token, or this machine is no node of the cluster.
    """
    if "://" in address:
        raise InputError(
            f"an address must be auto or host:port, got {address}: a sweep writes its log where it"
            " runs, so Ray Client cannot carry it; run class-sweep on a machine of the cluster, by"
            " ray exec, ray job submit or in a shell there, with --address auto"
        )
    place = _place(address)
    host, _, port = place.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH).close()
    except (OSError, OverflowError) as error:
        raise _silent(address, f"{place}: {error}") from None
    try:
        said = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", _GREETING, place, address],
            capture_output=True, text=True, timeout=_ANSWER, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise _silent(address, f"what listens at {place} is none") from None
    answer = said.stdout.strip()
    if answer == "elsewhere":
        raise InputError(
            f"a sweep must be started on a machine of its cluster, got {address}, of which this is"
            " none; run class-sweep there, by ray exec, ray job submit or in a shell"
        )
    if answer != "here":
        raise _refused(address, said.stderr)


def _place(address: str) -> str:
    """Its host and port, as Ray will ask for them."""
    # Only here: who asks where to run on this machine alone loads no Ray.
    from ray._private.services import canonicalize_bootstrap_address  # noqa: PLC0415

    try:
        place = str(canonicalize_bootstrap_address(address))
    except ConnectionError:
        raise _silent(address, "no cluster runs on this machine") from None
    except ValueError:
        place = ""
    if not place.rpartition(":")[2].isdecimal():
        raise InputError(f"an address must be auto or host:port, got {address}")
    return place


def _silent(address: str, why: str) -> InputError:
    return InputError(f"an address must be of a Ray cluster that answers, got {address} ({why})")


def _refused(address: str, said: str) -> InputError:
    if "authentication token" in said.lower() or "RAY_AUTH_TOKEN" in said:
        return InputError(
            f"the cluster's token must be known here, got none or a wrong one for {address}: set"
            " RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN_PATH to a file that holds it"
        )
    return _silent(address, said.strip().splitlines()[-1] if said.strip() else "no reason given")

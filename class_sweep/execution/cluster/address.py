"""Where a sweep's Ray is: the address that was asked for, and whether a cluster answers there."""

import os
import socket
import subprocess
import sys
from importlib.util import find_spec

from class_sweep.errors import InputError

_REACH = 5.0  # seconds for a connection
_ANSWER = 10.0  # seconds for the cluster's answer, which includes importing Ray
_CLIENT = "ray://"  # of Ray Client, for machines that are no node of the cluster

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
        address: `auto` or `host:port` from a node of the cluster, `ray://host:port` from elsewhere.

    Raises:
        InputError: If it is of another kind, nothing answers there, what answers is no Ray cluster
            or refuses this machine's token, or needs this machine to be a node of the cluster.
    """
    if address.startswith(_CLIENT):
        _require_server(address, address.removeprefix(_CLIENT))
    else:
        _require_node(address, _place(address))


def _require_server(address: str, place: str) -> None:
    """See that Ray Client's server answers; without being asked, its client waits 30 seconds."""
    _reach(address, place)
    if find_spec("grpc") is None:
        raise InputError(
            f"Ray Client must be installed for {address}: pip install 'class-sweep[cluster]'"
        )
    import grpc  # noqa: PLC0415 - of the cluster extra
    from ray._private.grpc_utils import init_grpc_channel  # noqa: PLC0415 - it adds the token
    from ray._private.ray_constants import GLOBAL_GRPC_OPTIONS  # noqa: PLC0415
    from ray.core.generated import ray_client_pb2, ray_client_pb2_grpc  # noqa: PLC0415
    from ray.exceptions import AuthenticationError  # noqa: PLC0415

    ping = ray_client_pb2.ClusterInfoRequest(type=ray_client_pb2.ClusterInfoType.PING)
    with init_grpc_channel(place, GLOBAL_GRPC_OPTIONS, asynchronous=False) as channel:
        server = ray_client_pb2_grpc.RayletDriverStub(channel)
        try:
            server.ClusterInfo(ping, timeout=_ANSWER, metadata=[("client_id", "greeting")])
        except AuthenticationError:  # there is none on this machine
            raise _unknown(address) from None
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNAUTHENTICATED:
                raise _unknown(address) from None
            raise _silent(
                address, f"what listens at {place} is not Ray Client's server: {error.details()}"
            ) from None


def _require_node(address: str, place: str) -> None:
    """See that a cluster answers of which this machine is a node."""
    _reach(address, place)
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
            "from a machine that is none of the cluster's, the address must be Ray Client's, such"
            f" as ray://{place.rpartition(':')[0]}:10001, got {address}; or run class-sweep on one"
            " of its machines, by ray exec, ray job submit or in a shell"
        )
    if answer != "here":
        raise _refused(address, said.stderr)


def _reach(address: str, place: str) -> None:
    """See that something listens."""
    host, _, port = place.rpartition(":")
    if not (host and port.isdecimal()) or "/" in host:
        raise InputError(f"an address must be auto, host:port or ray://host:port, got {address}")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH).close()
    except (OSError, OverflowError) as error:
        raise _silent(address, f"{place}: {error}") from None


def _place(address: str) -> str:
    """Its host and port, as Ray will ask for them."""
    # Only here: who asks where to run on this machine alone loads no Ray.
    from ray._private.services import canonicalize_bootstrap_address  # noqa: PLC0415

    try:
        return str(canonicalize_bootstrap_address(address))
    except ConnectionError:
        raise _silent(address, "no cluster runs on this machine") from None
    except ValueError:
        return ""


def _silent(address: str, why: str) -> InputError:
    return InputError(f"an address must be of a Ray cluster that answers, got {address} ({why})")


def _refused(address: str, said: str) -> InputError:
    if "authentication token" in said.lower() or "RAY_AUTH_TOKEN" in said:
        return _unknown(address)
    return _silent(address, said.strip().splitlines()[-1] if said.strip() else "no reason given")


def _unknown(address: str) -> InputError:
    return InputError(
        f"the cluster's token must be known here, got none or a wrong one for {address}: set"
        " RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN_PATH to a file that holds it"
    )

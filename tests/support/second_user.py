"""What another user of the machine tries against the Ray of a sweep; prints what succeeded.

Run as root with the session folder, the address of the control store, the URL of the runtime
environment agent and the process id of the driver. It gives its rights away before it tries.
"""

import json
import os
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from ray._raylet import AuthenticationTokenLoader, Config, GcsClient
from ray.exceptions import AuthenticationError

NOBODY = 65534
REFUSALS = (PermissionError, AuthenticationError)


def ask_control_store(address: str, **token: str) -> str:
    os.environ.update(RAY_AUTH_MODE="token" if token else "disabled", **token)
    Config.initialize("")
    AuthenticationTokenLoader.instance().reset_cache()
    return f"{len(GcsClient(address=address).get_all_node_info())} node"


def connect(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


def ask_agent(url: str) -> None:
    try:
        urllib.request.urlopen(url, data=b"", timeout=10)  # noqa: S310 - on loopback
    except urllib.error.HTTPError as error:
        if error.code not in {401, 403}:
            raise
        raise PermissionError from error


def attempts(session: Path, address: str, url: str, driver: str) -> dict[str, Callable[[], object]]:
    ray = session / "ray" / "session_latest"
    return {
        "read the token": (session / "token").read_text,
        "read the token of the driver": Path(f"/proc/{driver}/environ").read_bytes,
        "list the session": lambda: list(session.iterdir()),
        "rename the session": lambda: session.rename(session.parent / "taken"),
        "rename the logs": lambda: (ray / "logs").rename(session.parent / "taken"),
        "replace a socket": (ray / "sockets" / "raylet").unlink,
        "write a log": lambda: (ray / "logs" / "raylet.out").write_text("forged"),
        "connect to the raylet": lambda: connect(ray / "sockets" / "raylet"),
        "connect to the object store": lambda: connect(ray / "sockets" / "plasma_store"),
        "ask without a token": lambda: ask_control_store(address),
        "ask with another token": lambda: ask_control_store(address, RAY_AUTH_TOKEN="a" * 64),
        "ask the agent": lambda: ask_agent(url),
    }


def main() -> None:
    session, address, url, driver = Path(sys.argv[1]), *sys.argv[2:]
    known = {"with the token": ask_control_store(address, RAY_AUTH_TOKEN_PATH=f"{session}/token")}
    del os.environ["RAY_AUTH_TOKEN_PATH"]
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    for name, attempt in attempts(session, address, url, driver).items():
        try:
            known[name] = repr(attempt())
        except REFUSALS:
            known[name] = "refused"
    sys.stdout.write(json.dumps(known))


if __name__ == "__main__":
    main()

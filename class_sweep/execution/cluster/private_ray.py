"""Ray for one user: on loopback, with a token of its own, in a private folder."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import ray
from ray._private import ray_constants
from ray._raylet import AuthenticationTokenLoader, Config  # type: ignore[attr-defined]

from class_sweep.errors import SweepError
from class_sweep.execution.cluster.local_requirements import LOOPBACK
from class_sweep.execution.cluster.session_folder import SessionFolder


@contextmanager
def private_ray(session: SessionFolder, cores: int | None) -> Iterator[None]:
    """Run Ray for the length of a block; its processes die with the calling thread.

    Args:
        session: The folder of its sockets, logs and token.
        cores: The number of cores that tasks may take; None for all.

    Raises:
        SweepError: If Ray would listen on another address than loopback.
    """
    with _own_token(session):
        try:
            with _on_loopback():
                ray.init(
                    address="local",  # else Ray would join any cluster that runs on this machine
                    num_cpus=cores,
                    include_dashboard=False,
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                    _node_ip_address=LOOPBACK,
                    _temp_dir=str(session.ray),
                )
            address = ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]
            if address != LOOPBACK:
                raise SweepError(f"Ray must listen on {LOOPBACK} alone, got {address}")
            yield
        finally:
            ray.shutdown()


@contextmanager
def _on_loopback() -> Iterator[None]:
    """Keep the loopback address: Ray turns it into the outward one where it supports clusters."""
    before = ray_constants.ENABLE_RAY_CLUSTER
    ray_constants.ENABLE_RAY_CLUSTER = False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


@contextmanager
def _own_token(session: SessionFolder) -> Iterator[None]:
    """Demand the token of the session, whatever the user's environment says about clusters."""
    own = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(session.token),
        "RAY_AUTH_TOKEN": None,  # it has priority over the file
        "RAY_REDIS_ADDRESS": None,  # it would keep the state of this Ray in a shared database
    }
    before = {name: os.environ.get(name) for name in own}
    _set_environment(own)
    try:
        yield
    finally:
        _set_environment(before)


def _set_environment(values: dict[str, str | None]) -> None:
    """Set or unset variables, and let Ray read them again, which it does once a process."""
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    Config.initialize("")
    AuthenticationTokenLoader.instance().reset_cache()

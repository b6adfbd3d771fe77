"""The Ray that a sweep runs on: a local instance, or a cluster that it joins."""

import logging
import math
import os
import re
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

import ray
from ray._private.authentication.authentication_token_setup import (
    maybe_enable_token_auth_if_token_available,
)
from ray._private.ray_logging import stdout_deduplicator

from class_sweep.config.document import Space
from class_sweep.errors import InputError
from class_sweep.execution.cluster.address import cluster_address, require_cluster
from class_sweep.execution.cluster.guard import Guard
from class_sweep.execution.cluster.local import LocalRay, set_environment
from class_sweep.execution.cluster.local_requirements import require_local_ray
from class_sweep.execution.cluster.nodes import Roster, ask_head
from class_sweep.execution.cluster.trial_slots import launchable_machines
from class_sweep.preparation.capacity import Machine
from class_sweep.preparation.plan import require_resources, this_machine

# Variables of the driver's environment that workers on other machines inherit.
_FORWARDED = (
    "CUBLAS_WORKSPACE_CONFIG",
    "HF_HUB_OFFLINE",
    "PYTORCH_ALLOC_CONF",
    "PYTORCH_CUDA_ALLOC_CONF",
)


class RayRuntime(Protocol):
    """The Ray that trials run on, as a context manager for the length of a sweep.

    Attributes:
        launchable: Machines that an autoscaler starts when more trials are requested than fit.
    """

    launchable: Sequence[Machine]

    def start(self) -> None:
        """Start Ray in the background if it does not run yet."""

    def wait(self) -> None:
        """Wait until Ray is up; raises the error that prevented it."""

    def machines(self) -> list[Machine]:
        """The machines that trials can run on now."""

    def gpu_memory(self, share: float) -> list[int]:
        """Memory in bytes of the GPUs that trials with this share of one can get."""

    def __enter__(self) -> Self:
        """Join a cluster; a local instance does nothing yet."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Leave the cluster, or stop the local instance."""


class JoinedCluster:
    """A running cluster, joined for the length of a block; its nodes come and go.

    It is joined before the sweep prepares, because its nodes count the difficulty index too.
    """

    def __init__(self, address: str, space: Space) -> None:
        """Take the address of the cluster and the space whose trials it is to run."""
        self._address, self._space = address, space
        self.launchable: Sequence[Machine] = ()

    def __enter__(self) -> Self:
        """Join the cluster and check its nodes.

        Raises:
            InputError: If the cluster does not answer, this machine is none of its nodes, a node
                runs other software or lacks the model that trials train, or no node holds a trial.
        """
        location = require_cluster(self._address)
        try:
            self._join(location)
            self._check_nodes()
        except BaseException:
            ray.shutdown()
            raise
        return self

    def _join(self, location: str) -> None:
        set_environment()
        if self._address == "auto":  # as `ray.init` does for it
            maybe_enable_token_auth_if_token_available(warn_if_disabled=False)
        forwarded = {name: os.environ[name] for name in _FORWARDED if name in os.environ}
        try:
            ray.init(
                address=location,
                log_to_driver=False,
                logging_level=logging.ERROR,
                runtime_env={"env_vars": forwarded} if forwarded else None,
            )
        except (ConnectionError, RuntimeError) as error:  # another version of Ray or Python
            reason = " ".join(str(error).split())
            raise InputError(
                f"this machine must be able to join the cluster at {self._address}, got: {reason}"
            ) from None
        # The roster logs a lost node in one line; Ray would dump the node's state.
        stdout_deduplicator.skip_re = re.compile("Raylet is terminated|has been marked dead")

    def _check_nodes(self) -> None:
        self._roster = Roster()
        self._roster.require_same_software()
        settings = self._space.settings
        for encoder in (settings.text_encoder, settings.molecule_encoder):
            if transformer := encoder.trained_transformer:
                self._roster.require_model(transformer.model)
        self.launchable = ask_head(launchable_machines)
        require_resources(self._space, [*self.machines(), *self.launchable])

    def start(self) -> None:
        """Do nothing: the cluster runs already."""

    def wait(self) -> None:
        """Do nothing: the cluster is up already."""

    def machines(self) -> list[Machine]:
        """The nodes that run the same software as this machine."""
        return self._roster.machines()

    def gpu_memory(self, share: float) -> list[int]:
        """Memory in bytes of one GPU of each node with GPUs."""
        return self._roster.gpu_memory(share)

    def __exit__(self, *_: object) -> None:
        """Leave the cluster."""
        ray.shutdown()


def open_runtime(space: Space, address: str | None, guard: Guard) -> RayRuntime:
    """The Ray for the trials of a space.

    Args:
        space: The space of the sweep.
        address: The address of a cluster; by default RAY_ADDRESS, else a local instance.
        guard: Cleans up after a local instance.

    Raises:
        InputError: If there is no cluster and this machine cannot hold a trial or run Ray.
    """
    cluster = cluster_address(address)
    if cluster:
        return JoinedCluster(cluster, space)
    concurrent = require_resources(space, [this_machine()])
    require_local_ray()
    return LocalRay(math.ceil(concurrent * space.settings.resources.cpus), guard)

"""The Ray that a sweep runs on: an instance of its own, or a cluster that it joins."""

import logging
import math
import os
import re
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

import ray
from ray._private.ray_logging import stdout_deduplicator

from class_sweep.config.document import Space
from class_sweep.config.inputs import HuggingFaceEncoder
from class_sweep.errors import ClassSweepError, InputError, SweepError
from class_sweep.execution.cluster.address import require_cluster, wanted_address
from class_sweep.execution.cluster.client import from_outside, hold_on, is_break
from class_sweep.execution.cluster.local import LocalRay, set_environment
from class_sweep.execution.cluster.nodes import Roster, head, on_node
from class_sweep.execution.cluster.trial_slots import launchable
from class_sweep.preparation.capacity import Machine
from class_sweep.preparation.plan import require_resources, this_machine

# Settings of the driver's shell that its workers on other machines go by as well.
_CARRIED = (
    "CUBLAS_WORKSPACE_CONFIG",
    "HF_HUB_OFFLINE",
    "PYTORCH_ALLOC_CONF",
    "PYTORCH_CUDA_ALLOC_CONF",
)


class Workers(Protocol):
    """The Ray that trials run on; a context manager, left when they are done."""

    launchable: Sequence[Machine]  # brought where trials ask for more than there is

    def start(self) -> None:
        """Begin to start it where it is not there yet, and return."""

    def wait(self) -> None:
        """Until it is up; raises what kept it from that."""

    def machines(self) -> list[Machine]:
        """Those that trials may run on at this moment."""

    def gpu_memory(self, share: float) -> list[int]:
        """Bytes of GPUs that trials of such a share may get."""

    def __enter__(self) -> Self:
        """Join it where it is another's."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Stop it where it is one's own."""


class JoinedRay:
    """Another's cluster, joined for the length of a block; its nodes come and go.

    Joined at once: its nodes count the difficulty index too.
    """

    def __init__(self, address: str, space: Space) -> None:
        """Know where it is and what is to run there."""
        self._address, self._space = address, space
        self.launchable: Sequence[Machine] = ()
        self._outside = False  # whether through Ray Client

    def __enter__(self) -> Self:
        """Join it.

        Raises:
            InputError: If it does not answer, a node runs something else than this machine or
                lacks the model that trials train, none holds a trial, or the space asks for what
                Ray Client cannot carry.
        """
        require_cluster(self._address)
        try:
            self._join()
            self._check()
        except BaseException:
            ray.shutdown()
            raise
        return self

    def _join(self) -> None:
        set_environment()
        logging.getLogger("ray.client_builder").setLevel(logging.ERROR)
        carried = {name: os.environ[name] for name in _CARRIED if name in os.environ}
        try:
            ray.init(
                address=self._address,
                log_to_driver=False,
                logging_level=logging.ERROR,
                runtime_env={"env_vars": carried} if carried else None,
            )
        except (ConnectionError, RuntimeError) as error:  # of another Ray or Python, for one
            reason = " ".join(str(error).split())
            raise InputError(f"a cluster must be joined: {self._address}: {reason}") from None
        self._outside = from_outside()
        if self._outside:
            hold_on()
        # A node that is lost is told of in a line of ours, not by a dump of its state.
        stdout_deduplicator.skip_re = re.compile("Raylet is terminated|has been marked dead")

    def _check(self) -> None:
        """See that trials can run on its nodes."""
        if self._outside and self._space.settings.tracking.wandb:
            raise InputError(
                f"{self._space.name}: tracking.wandb must be left out through Ray Client, for the"
                " cluster would write to this machine's folders; tensorboard and mlflow work"
            )
        self._roster = Roster()
        self._roster.require_alike()
        encoder = self._space.settings.text_encoder
        if isinstance(encoder, HuggingFaceEncoder) and encoder.trainable is not False:
            self._roster.require_model(encoder.model)
        self.launchable = ray.get(on_node(launchable, head()))
        require_resources(self._space, [*self.machines(), *self.launchable])

    def start(self) -> None:
        """It runs already."""

    def wait(self) -> None:
        """It is up already."""

    def machines(self) -> list[Machine]:
        """Its nodes, as far as they run what this machine runs."""
        return self._roster.machines()

    def gpu_memory(self, share: float) -> list[int]:
        """Bytes of a GPU of each node that has some."""
        return self._roster.gpu_memory(share)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave it.

        Raises:
            SweepError: In place of what the end of Ray Client's connection raised.
        """
        ended = self._outside and not from_outside()
        ray.shutdown()
        unknown = isinstance(error, Exception) and not isinstance(error, ClassSweepError)
        if error and unknown and (ended or (self._outside and is_break(error))):
            raise SweepError(
                f"the connection to {self._address} was lost; every report is kept, and the sweep"
                f" goes on by class-sweep resume with --address {self._address}"
            ) from error


def workers_of(space: Space, address: str | None) -> Workers:
    """What the trials of a space run on.

    Args:
        space: Of the sweep.
        address: Of a cluster; None: RAY_ADDRESS where it is set, else an instance of its own.

    Raises:
        InputError: If this machine holds no trial.
    """
    cluster = wanted_address(address)
    if cluster:
        return JoinedRay(cluster, space)
    at_a_time = require_resources(space, [this_machine()])
    return LocalRay(math.ceil(at_a_time * space.settings.resources.cpus))

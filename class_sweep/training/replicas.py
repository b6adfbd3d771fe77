"""Training one trial on several devices of one machine: the gradients of the whole batch.

The trial's process holds everything: schedule, features, loss, critic, optimizer, checkpoint. Other
processes hold a copy of the backbone alone. In each step every process encodes a slice of the
batch. The trial's process joins the slices, computes the loss once over all pairs, and sends each
replica the gradients of its slice; the gradients of the parameters are summed, and the new
parameters sent to the replicas. So nothing of a step is counted twice, whatever the loss is.
"""

import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn, Self

import numpy as np
import torch
from torch import distributed
from torch.nn.modules.batchnorm import _BatchNorm

from class_sweep.backbones.backbone import Backbone, Encoded
from class_sweep.backbones.batch import Batch, InputSpec
from class_sweep.config.backbones import BackboneSettings
from class_sweep.config.plugin_files import loaded_plugins
from class_sweep.config.sections import Resources
from class_sweep.errors import TrainingError
from class_sweep.training import replica_process
from class_sweep.training.accumulation import Part, Sides
from class_sweep.training.process_group import (
    PATIENCE,
    Member,
    add_gradients,
    receive_message,
    send_message,
    share_state,
    share_weights,
    trained,
)

_END_SECONDS = 5.0  # for a replica to end by itself


class ReplicaError(RuntimeError):
    """A replica died, failed or did not answer: another try of the trial may succeed."""


class Replicas:
    """Processes of this machine that encode slices of the batches of a trial.

    They are started by the first `load` and serve one trial after another. When one of them fails,
    all are ended; the next `load` starts new ones. They end with this process, however it ends.
    """

    def __init__(self, count: int, *, gpu: bool = False, threads: int = 1) -> None:
        """Start nothing yet.

        Args:
            count: The number of processes beside the trial's own; without any, nothing is done.
            gpu: Give replica r the GPU r, instead of the CPU; the trial's process has GPU 0.
            threads: The threads of each replica.
        """
        self.count = count
        self._gpu, self._threads = gpu, threads
        self._processes: list[_Process] = []
        self._folder: Path | None = None
        self._joined = False

    @classmethod
    def of(cls, resources: Resources, *, gpu: bool) -> Self:
        """The replicas of a trial with these resources."""
        return cls(resources.processes - 1, gpu=gpu, threads=resources.threads)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def load(self, backbone: Backbone, settings: BackboneSettings, inputs: InputSpec) -> None:
        """Let every replica build a copy of the backbone.

        Args:
            backbone: The backbone of this process, on its device.
            settings: What it was built from.
            inputs: What it was built over.

        Raises:
            TrainingError: If the backbone has batch statistics, which a slice does not give.
            ReplicaError: If the replicas do not start.
        """
        if not self.count:
            return
        _require_no_batch_statistics(backbone)
        self._backbone, self._trained = backbone, trained(backbone)
        self._device, dtype = self._trained[0].device, self._trained[0].dtype
        with self.ended_on_error():
            if not self._processes:
                self._start()
            for process in self._processes:
                # Plug-in files come first: their parts are read after them.
                process.send("load", loaded_plugins(), settings, inputs, dtype)
        self.share_state()

    def share_state(self) -> None:
        """Give the replicas all weights, trained or not."""
        with self.ended_on_error():
            for process in self._processes:
                process.send("receive_state")
                process.receive()  # that it has built its backbone
            if self._processes:
                share_state(self._backbone)

    def encode(self, slices: Sequence[list[Batch]], seeds: Sequence[int]) -> list[Part]:
        """Let each replica begin to encode its slice of a batch.

        Args:
            slices: For each replica its slice, in parts of the micro-batch size, in CPU memory.
            seeds: For each replica the seed of its dropout.
        """
        for process, batches, seed in zip(self._processes, slices, seeds, strict=True):
            process.send("encode", seed, batches)
        return [_RemotePart(process, self._device) for process in self._processes]

    def add_gradients(self) -> None:
        """Add the replicas' gradients to those of this process, after the backward of all parts."""
        if not self.count:
            return
        answers = [process.receive() for process in self._processes]
        own = [parameter.grad is not None for parameter in self._trained]
        for process in self._processes:
            process.send("add")
        add_gradients(self._trained, [any(each) for each in zip(own, *answers, strict=True)])

    def share_weights(self) -> None:
        """Give the replicas the trained parameters, after a step of the optimizer."""
        if not self.count:
            return
        for process in self._processes:
            process.send("receive_weights")
        share_weights(self._trained)

    def close(self) -> None:
        """End the replicas."""
        self._end(_END_SECONDS)

    def _start(self) -> None:
        folder = self._folder = Path(tempfile.mkdtemp(prefix="class-sweep-"))
        own, *others = (
            Member(rank, self.count + 1, folder, self._gpu, self._threads, PATIENCE)
            for rank in range(self.count + 1)
        )
        for member in others:
            self._processes.append(_Process(member))
        for process in self._processes:
            process.receive()  # that it is about to join
        own.join()
        self._joined = True

    def _end(self, seconds: float) -> None:
        """Wait for the processes, then kill them, and leave their group."""
        for process in self._processes:
            process.connection.close()
        for process in self._processes:
            process.end(seconds)
        self._processes = []
        if self._joined:
            distributed.destroy_process_group()
            self._joined = False
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    @contextmanager
    def ended_on_error(self) -> Iterator[None]:
        """End the replicas if a step breaks off: they may wait for the rest of it."""
        try:
            yield
        except BaseException:
            self._end(0)
            raise


class _Process:
    """A replica as the trial's process sees it."""

    def __init__(self, member: Member) -> None:
        """Start it and tell it its place in the group."""
        self.rank = member.rank
        ours, theirs = socket.socketpair()
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            ours.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", int(member.patience), 0))
        arguments = (theirs.fileno(), os.getpid(), member.folder)
        paths = [path or str(Path.cwd()) for path in sys.path]
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - a module of this package
                [sys.executable, "-P", "-m", replica_process.__name__, *map(str, arguments)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
                start_new_session=True,  # Ctrl-C is for the process that trains
            )
        self.connection = Connection(ours.detach())
        self.send(member)

    def send(self, *message: Any) -> None:
        """Send a message.

        Raises:
            ReplicaError: If the process has died or takes no message.
        """
        try:
            send_message(self.connection, *message)
        except OSError:
            self._fail()

    def receive(self) -> Any:
        """The answer to a message.

        Raises:
            ReplicaError: If the process has died, failed, or gives no answer in time.
            torch.OutOfMemoryError: If its GPU is full.
        """
        try:
            kind, content = receive_message(self.connection)
        except (EOFError, OSError):
            self._fail()
        if kind == "out of memory":
            raise torch.OutOfMemoryError(content)
        if kind == "failed":
            raise ReplicaError(f"process {self.rank} of the trial failed:\n{content}")
        return content

    def _fail(self) -> NoReturn:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        code = self._process.returncode
        found = "no answer" if code is None else f"its end with exit code {code}"
        raise ReplicaError(
            f"every process of a trial must live as long as the trial, got {found} of process"
            f" {self.rank}"
        ) from None

    def end(self, seconds: float) -> None:
        """Wait for the end of the process, and kill it after some seconds."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class _RemotePart:
    """A slice of a batch that a replica encodes."""

    def __init__(self, process: _Process, device: torch.device) -> None:
        """Take the replica that has begun with the slice, and the device of the trial."""
        self._process, self._device = process, device

    def take(self) -> Sides:
        """The encoded pairs, as soon as they are there."""
        texts, molecules = (self._received(side) for side in self._process.receive())
        return texts, molecules

    def _received(self, side: list[tuple[str, torch.Size, torch.dtype]]) -> Encoded:
        received = {}
        for name, shape, dtype in side:
            received[name] = torch.empty(shape, dtype=dtype, device=self._device)
            distributed.recv(received[name], self._process.rank)
        return received

    def backward(self, gradients: Sides) -> None:
        """Send the gradients of the slice, which the replica then works on."""
        self._process.send("backward", [list(side) for side in gradients])
        for side in gradients:
            for gradient in side.values():
                distributed.send(gradient.contiguous(), self._process.rank)


def _require_no_batch_statistics(backbone: Backbone) -> None:
    for name, module in backbone.named_modules():
        if isinstance(module, _BatchNorm):
            raise TrainingError(
                "a backbone on several GPUs must encode each pair from itself alone, got batch"
                f" statistics in its layer {name}; write resources.gpus: 1"
            )


def dropout_seed(seed: int, step: int, rank: int) -> int:
    """The seed of a replica's dropout in a step, so that a resumed run draws it again."""
    return int(np.random.SeedSequence([seed, step, rank]).generate_state(1)[0])

"""A process that encodes its slice of each batch of a trial with a copy of the backbone.

`Replicas` starts it as a script and sends it messages: the name of a method of `Replica` and its
arguments. The process ends when the one that has started it closes the connection or dies.
"""

import os
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

import torch
from torch import distributed

from class_sweep.backbones.backbone import Encoded, build_backbone
from class_sweep.backbones.batch import Batch, InputSpec
from class_sweep.config.backbones import BackboneSettings
from class_sweep.config.plugin_files import PluginFile
from class_sweep.training.accumulation import JoinedParts, parts_of
from class_sweep.training.encoding import encode
from class_sweep.training.process_group import (
    add_gradients,
    receive_message,
    send_message,
    share_state,
    share_weights,
    trained,
)

_POLL_SECONDS = 0.5  # between two looks whether the trial's process lives


class Replica:
    """A copy of a trial's backbone, and the slice of a batch that it is working on.

    Each public method is an action that the trial's process asks for by its name.
    """

    def __init__(self, connection: Connection, device: torch.device) -> None:
        """Take the connection to the trial's process, and the device to encode on."""
        self._connection = connection
        self._device = device

    def load(
        self,
        plugins: Sequence[PluginFile],  # noqa: ARG002 - loaded by its arrival
        settings: BackboneSettings,
        inputs: InputSpec,
        dtype: torch.dtype,
    ) -> None:
        """Build a copy of the trial's backbone, whose weights follow.

        Args:
            plugins: The plug-in files of the trial's process.
            settings: What the backbone is built from.
            inputs: What it is built over.
            dtype: The number format of its weights.
        """
        backbone = build_backbone(settings, inputs)
        self._backbone = backbone.to(self._device, dtype).train()
        self._trained = trained(self._backbone)

    def encode(self, seed: int, batches: list[Batch]) -> None:
        """Encode a slice of a batch; answer what the tensors are, then send them.

        Args:
            seed: Seeds the dropout of the slice.
            batches: The slice in parts of the micro-batch size, in CPU memory.
        """
        torch.manual_seed(seed)
        on_device = [batch.to(self._device) for batch in batches]
        self._slice = JoinedParts(parts_of(self._encode, on_device))
        sides = self._slice.sides
        self._answer([[(n, t.shape, t.dtype) for n, t in side.items()] for side in sides])
        for side in sides:
            for tensor in side.values():
                distributed.send(tensor.detach(), 0)

    def backward(self, names: list[list[str]]) -> None:
        """Receive the gradients of the slice and pass them on; answer which parameters have one.

        Args:
            names: The tensors of either side that have gradients.
        """
        texts, molecules = (
            {name: torch.empty_like(side[name]) for name in of_side}
            for side, of_side in zip(self._slice.sides, names, strict=True)
        )
        for gradient in (*texts.values(), *molecules.values()):
            distributed.recv(gradient, 0)
        self._backbone.zero_grad(set_to_none=True)
        self._slice.backward((texts, molecules))
        self._answer([parameter.grad is not None for parameter in self._trained])

    def add(self) -> None:
        """Add the gradients of the slice to those of the trial's process."""
        add_gradients(self._trained, [])

    def receive_state(self) -> None:
        """Receive all weights."""
        self._answer(None)
        share_state(self._backbone)

    def receive_weights(self) -> None:
        """Receive the trained weights."""
        share_weights(self._trained)

    def _encode(self, batch: Batch) -> tuple[Encoded, Encoded]:
        return encode(self._backbone, batch, self._device)

    def _answer(self, content: object) -> None:
        send_message(self._connection, "done", content)


def serve(connection: Connection) -> None:
    """Do what the messages ask for, until the connection ends."""
    (member,) = receive_message(connection)
    torch.set_num_threads(member.threads)
    if member.gpu:
        torch.cuda.set_device(member.device)
    send_message(connection, "done", None)
    member.join()
    replica = Replica(connection, member.device)
    while True:
        action, *arguments = receive_message(connection)
        try:
            getattr(replica, action)(*arguments)
        except Exception as error:
            memory = isinstance(error, torch.OutOfMemoryError)
            send_message(connection, "out of memory" if memory else "failed", _described(error))


def _described(error: Exception) -> str:
    return str(error) if isinstance(error, torch.OutOfMemoryError) else traceback.format_exc()


def _end_with(parent: int, folder: Path) -> None:
    """End this process, whatever it waits for, soon after its parent has died."""
    while os.getppid() == parent:
        time.sleep(_POLL_SECONDS)
    _leave(folder)


def _leave(folder: Path) -> NoReturn:
    """End at once: nothing is left to be done, and torch takes seconds to leave."""
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def main(handle: int, parent: int, folder: Path) -> None:
    """Serve the process that has started this one.

    Args:
        handle: The file descriptor of the connection to it.
        parent: Its process id.
        folder: The private folder of the group.
    """
    threading.Thread(target=_end_with, args=(parent, folder), daemon=True).start()
    try:
        serve(Connection(handle))
    except (EOFError, ConnectionError):  # the trial's process has ended the replicas, or died
        _leave(folder)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))

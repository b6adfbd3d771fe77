"""What the processes of one trial share: their group over loopback, their messages and tensors."""

import io
import os
import pickle
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import distributed, nn
from torch.distributed import FileStore  # type: ignore[attr-defined]

PATIENCE = 600.0  # seconds for another process to make its part of a step; then it is given up
_INTERFACES = ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME")


@dataclass(frozen=True)
class Member:
    """The place of a process in the group of its trial.

    Attributes:
        rank: 0 for the process that trains, from 1 for a replica.
        size: The number of processes.
        folder: A private folder, where the processes find each other.
        gpu: Whether process r has the GPU r, instead of the CPU.
        threads: The threads of the process.
        patience: Seconds that an operation of the group may take.
    """

    rank: int
    size: int
    folder: Path
    gpu: bool
    threads: int
    patience: float

    @property
    def device(self) -> torch.device:
        """The device of the process."""
        return torch.device("cuda", self.rank) if self.gpu else torch.device("cpu")

    def join(self) -> None:
        """Wait until all processes have joined the group.

        Raises:
            RuntimeError: If they have not in time.
        """
        with _over_loopback():
            distributed.init_process_group(
                "nccl" if self.gpu else "gloo",
                # A file instead of a port: the store of torch would listen on every interface.
                store=FileStore(str(self.folder / "store"), self.size),
                rank=self.rank,
                world_size=self.size,
                timeout=timedelta(seconds=self.patience),
                device_id=self.device if self.gpu else None,
            )


@contextmanager
def _over_loopback() -> Iterator[None]:
    """Let Gloo and NCCL open their ports on this machine's loopback interface alone."""
    interface = next(name for _, name in socket.if_nameindex() if name.startswith("lo"))
    before = {name: os.environ.get(name) for name in _INTERFACES}
    os.environ |= dict.fromkeys(_INTERFACES, interface)
    try:
        yield
    finally:
        for name, value in before.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value


class _Pickler(pickle.Pickler):
    """Pickles the bytes of a tensor: faster than torch's own way, and arriving on the CPU."""

    def reducer_override(self, value: Any) -> Any:
        if type(value) is not torch.Tensor:
            return NotImplemented
        content = value.detach().cpu().contiguous().flatten().view(torch.uint8)
        return _tensor, (content.numpy(), value.dtype, value.shape)


def _tensor(content: NDArray[np.uint8], dtype: torch.dtype, shape: torch.Size) -> torch.Tensor:
    return torch.from_numpy(content).view(dtype).view(shape)


def send_message(connection: Connection, *message: Any) -> None:
    """Send a message that may hold tensors and modules; they arrive on the CPU."""
    content = io.BytesIO()
    _Pickler(content, protocol=5).dump(message)
    connection.send_bytes(content.getbuffer())


def receive_message(connection: Connection) -> tuple[Any, ...]:
    """Receive a message of `send_message`.

    Raises:
        EOFError: If the other process has ended.
    """
    message: tuple[Any, ...] = pickle.loads(connection.recv_bytes())  # noqa: S301 - our own process
    return message


def trained(module: nn.Module) -> list[nn.Parameter]:
    """The parameters that training changes, in the same sequence in every process."""
    return [parameter for parameter in module.parameters() if parameter.requires_grad]


@torch.no_grad()
def add_gradients(parameters: Sequence[nn.Parameter], present: Sequence[bool]) -> None:
    """Add the gradients of all processes to those of process 0; every process calls it.

    Args:
        parameters: The trained parameters, in the same sequence in every process.
        present: On process 0, whether any process has a gradient of each parameter. One that no
            process has stays absent, because AdamW decays the weights of a zero gradient.
    """
    total = torch.cat(
        [(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in parameters]
    )
    distributed.reduce(total, 0)
    if distributed.get_rank() == 0:
        for parameter, there, part in zip(
            parameters, present, _cut(total, parameters), strict=True
        ):
            if there:
                parameter.grad = part


def share_state(module: nn.Module) -> None:
    """Give every process all weights and buffers of process 0; every process calls it."""
    for tensor in module.state_dict().values():
        distributed.broadcast(tensor, 0)


@torch.no_grad()
def share_weights(parameters: Sequence[nn.Parameter]) -> None:
    """Give every process the parameters of process 0; every process calls it."""
    weights = torch.cat([parameter.flatten() for parameter in parameters])
    distributed.broadcast(weights, 0)
    if distributed.get_rank() != 0:
        for parameter, part in zip(parameters, _cut(weights, parameters), strict=True):
            parameter.copy_(part)


def _cut(flat: torch.Tensor, parameters: Sequence[nn.Parameter]) -> list[torch.Tensor]:
    """A flat tensor in the shapes of the parameters."""
    pieces = torch.split(flat, [parameter.numel() for parameter in parameters])
    return [piece.view_as(p) for piece, p in zip(pieces, parameters, strict=True)]

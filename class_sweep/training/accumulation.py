"""Encoding a batch in parts, with the negatives of the whole batch.

An encoding needs its own row alone; only the loss needs every pair at once. So the parts of a batch
may be encoded one after another in bounded memory, or by several processes at a time. The loss over
all of them gives the gradient of each encoded tensor, and each part passes its rows of it on to the
parameters (GradCache, Gao et al. 2021, arXiv 2101.06983). The gradients equal the gradients of one
pass over the whole batch.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch.nn import functional

from class_sweep.backbones.backbone import Encoded
from class_sweep.backbones.batch import Batch

Sides = tuple[Encoded, Encoded]
"""The encoded texts and molecules of some pairs, or the gradients of those with a gradient."""

Encode = Callable[[Batch], Sides]


class Part(Protocol):
    """Some pairs of a batch, whose encoding begins when the part is made."""

    def take(self) -> Sides:
        """The encoded pairs, without their history; called once."""

    def backward(self, gradients: Sides) -> None:
        """Pass the gradients of the encoded pairs on to the parameters."""


class KeptPart:
    """A part whose activations are kept for its backward pass."""

    def __init__(self, encode: Encode, batch: Batch) -> None:
        """Encode a batch."""
        self._sides = encode(batch)

    def take(self) -> Sides:
        """The encoded pairs, without their history."""
        texts, molecules = (
            {name: tensor.detach() for name, tensor in side.items()} for side in self._sides
        )
        return texts, molecules

    def backward(self, gradients: Sides) -> None:
        """Pass the gradients of the encoded pairs on to the parameters."""
        _backward(self._sides, gradients)


class RepeatedPart:
    """A part that is encoded without activations, and again, with the same dropout, for them."""

    def __init__(self, encode: Encode, batch: Batch) -> None:
        """Encode a batch without activations."""
        self._encode, self._batch = encode, batch
        self._state = _random_state()
        with torch.no_grad():
            self._sides: Sides | None = encode(batch)

    def take(self) -> Sides:
        """The encoded pairs, without their history; called once."""
        sides, self._sides = self._sides, None
        if sides is None:
            raise ValueError("a part must be taken once, got a second time")
        return sides

    def backward(self, gradients: Sides) -> None:
        """Encode again and pass the gradients of the encoded pairs on to the parameters."""
        final_state = _random_state()
        _restore(self._state)
        _backward(self._encode(self._batch), gradients)
        _restore(final_state)


class JoinedParts:
    """A batch in parts.

    Attributes:
        sides: The encoded texts and molecules of all parts, leaves that collect gradients.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        """Join parts, which may still be in work elsewhere, in their order."""
        self._parts = parts
        taken = [part.take() for part in parts]
        self._widths = [[_widths(side) for side in sides] for sides in taken]
        self._sizes = [len(next(iter(sides[0].values()))) for sides in taken]
        self.sides = _joined([sides[0] for sides in taken]), _joined([sides[1] for sides in taken])

    def backward(self, gradients: Sides | None = None) -> None:
        """Pass gradients on to the parts, by default those that `sides` have collected."""
        gradients = gradients or _gradients(self.sides)
        start = 0
        for part, widths, size in zip(self._parts, self._widths, self._sizes, strict=True):
            end = start + size
            texts, molecules = (
                {
                    name: gradient[start:end, : width[name]] if width[name] else gradient[start:end]
                    for name, gradient in side.items()
                }
                for side, width in zip(gradients, widths, strict=True)
            )
            part.backward((texts, molecules))
            start = end


def parts_of(encode: Encode, batches: Sequence[Batch]) -> list[Part]:
    """The parts of a process: one with its activations, or several without them."""
    if len(batches) == 1:
        return [KeptPart(encode, batches[0])]
    return [RepeatedPart(encode, batch) for batch in batches]


def _backward(sides: Sides, gradients: Sides) -> None:
    outputs, slopes = [], []
    for side, of_side in zip(sides, gradients, strict=True):
        for name, gradient in of_side.items():
            if side[name].requires_grad:
                outputs.append(side[name])
                slopes.append(gradient)
    if outputs:
        torch.autograd.backward(outputs, slopes)


def _gradients(sides: Sides) -> Sides:
    texts, molecules = (
        {name: tensor.grad for name, tensor in side.items() if tensor.grad is not None}
        for side in sides
    )
    return texts, molecules


def _widths(side: Encoded) -> dict[str, int]:
    """The number of columns of each tensor, 0 for one without columns."""
    return {name: tensor.shape[1] if tensor.ndim > 1 else 0 for name, tensor in side.items()}


def _joined(parts: Sequence[Encoded]) -> Encoded:
    """The parts in one batch; those with fewer columns are padded with zeros."""
    joined = {}
    for name in parts[0]:
        tensors = [part[name] for part in parts]
        if tensors[0].ndim > 1:
            widest = max(tensor.shape[1] for tensor in tensors)
            tensors = [_padded(tensor, widest) for tensor in tensors]
        whole = torch.cat(tensors)
        joined[name] = whole.requires_grad_(whole.is_floating_point())
    return joined


def _padded(tensor: torch.Tensor, columns: int) -> torch.Tensor:
    """(B, n, …) to (B, columns, …), padded with zeros at the end."""
    padding = [0, 0] * (tensor.ndim - 2) + [0, columns - tensor.shape[1]]
    return functional.pad(tensor, padding)


def _random_state() -> list[torch.Tensor]:
    cuda = [torch.cuda.get_rng_state()] if torch.cuda.is_available() else []
    return [torch.get_rng_state(), *cuda]


def _restore(state: list[torch.Tensor]) -> None:
    torch.set_rng_state(state[0])
    if len(state) > 1:
        torch.cuda.set_rng_state(state[1])

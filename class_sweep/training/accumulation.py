"""Encoding a batch in parts of bounded memory, with the negatives of the whole batch.

GradCache (Gao et al. 2021, arXiv 2101.06983): all parts are encoded without activations, and the
loss over all of them gives the gradient of each encoded tensor. Each part is then encoded again,
with the same dropout, to pass its gradient on to the parameters. The gradients equal the
gradients of one pass over the whole batch.
"""

from collections.abc import Callable, Sequence

import torch
from torch.nn import functional

from class_sweep.backbones.backbone import Encoded
from class_sweep.backbones.batch import Batch

Sides = tuple[Encoded, Encoded]
Encode = Callable[[Batch], Sides]


class GradientCache:
    """A batch that is encoded part by part.

    Attributes:
        sides: The encoded texts and molecules of the whole batch, leaves that collect gradients.
    """

    def __init__(self, encode: Encode, parts: Sequence[Batch]) -> None:
        """Encode all parts without activations.

        Args:
            encode: Encodes one part.
            parts: The parts of the batch.
        """
        self._encode = encode
        self._parts = parts
        self._states: list[list[torch.Tensor]] = []
        encoded: list[Sides] = []
        with torch.no_grad():
            for part in parts:
                self._states.append(_random_state())
                encoded.append(encode(part))
        self._sizes = [[len(next(iter(side.values()))) for side in sides] for sides in encoded]
        self.sides = _joined([side[0] for side in encoded]), _joined([side[1] for side in encoded])

    def backward(self) -> None:
        """Pass the gradients of `sides` on to the parameters, after the backward of the loss."""
        final_state = _random_state()
        start = 0
        for part, state, (size, _) in zip(self._parts, self._states, self._sizes, strict=True):
            _restore(state)
            outputs, gradients = [], []
            for side, whole in zip(self._encode(part), self.sides, strict=True):
                for name, tensor in side.items():
                    gradient = whole[name].grad
                    if tensor.requires_grad and gradient is not None:
                        rows = gradient[start : start + size]
                        outputs.append(tensor)
                        gradients.append(rows[:, : tensor.shape[1]] if tensor.ndim > 1 else rows)
            torch.autograd.backward(outputs, gradients)
            start += size
        _restore(final_state)


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

"""Encoding a batch in parts of bounded memory, with the whole batch's negatives.

Gao et al. 2021 (arXiv 2101.06983): the parts are encoded without activations, the loss is taken
over all of them and gives the gradient of each encoded tensor, and each part is encoded again, with
the same dropout, to carry its gradient on to the parameters. The gradients are those of one pass.
"""

from collections.abc import Callable, Sequence

import torch
from torch.nn import functional

from class_sweep.backbones.backbone import Encoded
from class_sweep.backbones.inputs import Batch

Sides = tuple[Encoded, Encoded]
Encode = Callable[[Batch], Sides]


class InParts:
    """A batch encoded part by part.

    Attributes:
        sides: The whole batch's encoded texts and molecules, leaves that take gradients.
    """

    def __init__(self, encode: Encode, parts: Sequence[Batch]) -> None:
        self._encode = encode
        self._parts = parts
        self._states: list[list[torch.Tensor]] = []
        found: list[Sides] = []
        with torch.no_grad():
            for part in parts:
                self._states.append(_random_state())
                found.append(encode(part))
        self._sizes = [[len(next(iter(side.values()))) for side in sides] for sides in found]
        self.sides = _joined([side[0] for side in found]), _joined([side[1] for side in found])

    def backward(self) -> None:
        """After the loss's backward: carry the gradients of `sides` on to the parameters."""
        after = _random_state()
        start = 0
        for part, state, (size, _) in zip(self._parts, self._states, self._sizes, strict=True):
            _restore(state)
            again = self._encode(part)
            outputs, gradients = [], []
            for side, whole in zip(again, self.sides, strict=True):
                for name, tensor in side.items():
                    gradient = whole[name].grad
                    if tensor.requires_grad and gradient is not None:
                        mine = gradient[start : start + size]
                        outputs.append(tensor)
                        gradients.append(mine[:, : tensor.shape[1]] if tensor.ndim > 1 else mine)
            torch.autograd.backward(outputs, gradients)
            start += size
        _restore(after)


def _joined(parts: Sequence[Encoded]) -> Encoded:
    """The parts one after another, those with fewer columns filled up with zeros."""
    joined = {}
    for name in parts[0]:
        tensors = [part[name] for part in parts]
        if tensors[0].ndim > 1:
            widest = max(tensor.shape[1] for tensor in tensors)
            tensors = [_widened(tensor, widest) for tensor in tensors]
        whole = torch.cat(tensors)
        joined[name] = whole.requires_grad_(whole.is_floating_point())
    return joined


def _widened(tensor: torch.Tensor, columns: int) -> torch.Tensor:
    behind = [0, 0] * (tensor.ndim - 2) + [0, columns - tensor.shape[1]]
    return functional.pad(tensor, behind)


def _random_state() -> list[torch.Tensor]:
    cuda = [torch.cuda.get_rng_state()] if torch.cuda.is_available() else []
    return [torch.get_rng_state(), *cuda]


def _restore(state: list[torch.Tensor]) -> None:
    torch.set_rng_state(state[0])
    if len(state) > 1:
        torch.cuda.set_rng_state(state[1])

"""The number of threads of a PyTorch operation."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def torch_threads(count: float) -> Iterator[None]:
    """Give operations ⌊`count`⌋ threads, at least one: the order of a sum decides its last bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, int(count)))
    try:
        yield
    finally:
        torch.set_num_threads(before)

"""Threads that each work on a block of their own.

A block's operations take about a millisecond, too short to share: each would wait for the slowest
core.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self, TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


class Workers:
    """As many threads as PyTorch uses; inside the block each PyTorch operation uses one thread."""

    def __init__(self) -> None:
        self.threads = torch.get_num_threads()
        self._pool = ThreadPoolExecutor(self.threads)

    def __enter__(self) -> Self:
        torch.set_num_threads(1)
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        torch.set_num_threads(self.threads)

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Apply the function to each item, in order, with at most one waiting item."""
        begun: deque[Future[Result]] = deque()
        for item in items:
            if len(begun) > self.threads:
                yield begun.popleft().result()
            begun.append(self._pool.submit(function, item))
        while begun:
            yield begun.popleft().result()

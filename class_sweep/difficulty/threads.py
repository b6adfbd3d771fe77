"""A pool of threads that work on different blocks.

An operation on one block takes about a millisecond. Several threads that shared it would lose time
waiting for the slowest of them.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self, TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


class Workers:
    """As many threads as PyTorch uses. In the `with` block a PyTorch operation uses one thread."""

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
        """Apply the function and yield the results in order; at most one item is waiting."""
        futures: deque[Future[Result]] = deque()
        for item in items:
            if len(futures) > self.threads:
                yield futures.popleft().result()
            futures.append(self._pool.submit(function, item))
        while futures:
            yield futures.popleft().result()

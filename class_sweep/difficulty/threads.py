"""Cores that work on different blocks, instead of all on each small operation of one block.

Operations of a millisecond are too short to share: every one would wait for the slowest core.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self, TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


class Workers:
    """As many threads as PyTorch has; while they are open, its operations keep to one each."""

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
        """The function of each item, in order; no more are begun than threads and one waiting."""
        begun: deque[Future[Result]] = deque()
        for item in items:
            if len(begun) > self.threads:
                yield begun.popleft().result()
            begun.append(self._pool.submit(function, item))
        while begun:
            yield begun.popleft().result()

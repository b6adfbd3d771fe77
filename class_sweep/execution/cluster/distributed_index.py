"""The difficulty index counted on every node of a Ray cluster, tile by tile."""

from collections.abc import Iterable, Iterator, Sequence

import ray
import torch

from class_sweep.difficulty.index import Executor, Progress
from class_sweep.difficulty.tiles import IndexRequest, Partial, Tile, count_tile
from class_sweep.difficulty.vectors import PairVectors

AHEAD = 2  # tiles in flight for each core: enough to keep it busy, few enough to hold in memory
RETRIES = 5  # of a tile whose node or process was lost


@ray.remote(num_cpus=1, max_retries=RETRIES)
def _count(vectors: PairVectors, tile: Tile, request: IndexRequest) -> Partial:
    torch.set_num_threads(1)  # one core each: as many tiles at a time as there are cores
    return count_tile(vectors, tile, request)


def ray_executor(progress: Progress | None = None) -> Executor:
    """An executor that counts tiles in Ray tasks of one core, and yields results as they come.

    The vectors go into the object store once and to each node once. At most `AHEAD` tiles for each
    core are in flight, so results never arrive faster than they are added. A tile that is lost
    with its node is counted again. The index is the one that a single process would build.
    """

    def run(vectors: PairVectors, todo: Sequence[Tile], request: IndexRequest) -> Iterable[Partial]:
        shared = ray.put(vectors)
        waiting: Iterator[Tile] = iter(todo)
        in_flight: list[ray.ObjectRef[Partial]] = []
        done = 0
        while True:
            cores = int(ray.cluster_resources().get("CPU", 1))  # type: ignore[no-untyped-call]
            while len(in_flight) < AHEAD * max(1, cores):
                tile = next(waiting, None)
                if tile is None:
                    break
                in_flight.append(_count.remote(shared, tile, request))
            if not in_flight:
                return
            ready, in_flight = ray.wait(in_flight, num_returns=1)
            yield ray.get(ready[0])
            done += 1
            if progress:
                progress(done, len(todo))

    return run


def cluster_executor(progress: Progress) -> Executor | None:
    """The executor of a connected cluster with several nodes; None without one."""
    return ray_executor(progress) if many_nodes() else None


def many_nodes() -> bool:
    """Whether a Ray cluster of more than one node is connected."""
    return ray.is_initialized() and sum(node["Alive"] for node in ray.nodes()) > 1  # type: ignore[no-untyped-call]

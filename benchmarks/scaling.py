"""Trials per hour with 1, 2 and 4 workers, and the time to send a corpus to the nodes.

`python benchmarks/scaling.py [--quick] [--json FILE]`: four Ray nodes on loopback, one core each.
Each trial trains one step over small data and sleeps, so a few cores are enough for four workers.
The sweep, its study, its log and its pruning decisions are real. Rates count from the first report
of the last worker, because a sweep starts its processes once. Then 1 GB of arrays (`--quick`:
0.25 GB) is put into the object store once and read by two tasks on each of the other three nodes.
"""

import argparse
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import ray
from overhead import space_of
from ray.cluster_utils import Cluster
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from class_sweep.base.array_cache import ArrayCache
from class_sweep.execution.tune import session
from class_sweep.execution.tune.trainable import CurriculumTrial
from class_sweep.results.callback import Callback
from class_sweep.results.record import Record
from class_sweep.sweep import run

WORKERS = (1, 2, 4)
TRIALS, QUICK_TRIALS = 20, 6  # of each worker
SLEEP, QUICK_SLEEP = 3.0, 1.2  # seconds a trial
BYTES, QUICK_BYTES = 10**9, 10**9 // 4
STORE = int(1.5e9)  # bytes of each node's object store
READERS = 2  # on each node


class SleepingTrial(CurriculumTrial):
    """A trial that also sleeps."""

    seconds = SLEEP

    def step(self) -> dict[str, Any]:
        """Sleep, train and report."""
        time.sleep(self.seconds)
        return super().step()


class Times(Callback):
    """Records the time of each report."""

    def __init__(self) -> None:
        self.at: list[float] = []

    def on_report(self, record: Record) -> None:  # noqa: ARG002
        """Record the time."""
        self.at.append(time.perf_counter())


@contextmanager
def nodes(count: int) -> Iterator[Cluster]:
    """A cluster of nodes with one core each, on this machine, and a driver on the first."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    cluster = Cluster()
    try:
        for _ in range(count):
            cluster.add_node(num_cpus=1, object_store_memory=STORE)
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
        cluster.wait_for_nodes()
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


def trials_an_hour(workers: int, each: int, cache: ArrayCache) -> float:
    """The rate of a sweep whose trials report once."""
    space = space_of(workers * each, "tpe")
    search = space.settings.search.model_copy(update={"max_concurrent": workers})
    space = space.changed(settings=space.settings.model_copy(update={"search": search}))
    times = Times()
    with tempfile.TemporaryDirectory() as folder:
        run(space, Path(folder, "results"), cache=cache, callback=times)
    return 3600 * (len(times.at) - workers) / (times.at[-1] - times.at[workers - 1])


def stored(cluster: Cluster) -> list[int]:
    """Bytes of memory in the object store of each node, the driver's first."""
    sizes = []
    for node in cluster.list_all_nodes():
        raylet = node.all_processes["raylet"][0].process.pid
        status = Path(f"/proc/{raylet}/status").read_text(encoding="utf-8")
        sizes.append(int(re.search(r"RssShmem:\s+(\d+) kB", status)[1]) * 1024)  # type: ignore[index]
    return sizes


def broadcast(cluster: Cluster, size: int) -> dict[str, float]:
    """Put arrays into the object store once, and let every other node read them."""
    arrays = {"features": np.full((size // 4096, 1024), 0.5, np.float32)}
    size = arrays["features"].nbytes

    @ray.remote(num_cpus=0)
    def read(arrays: dict[str, np.ndarray]) -> float:
        return float(arrays["features"][:, 0].sum())

    _, *others = [node.node_id for node in cluster.list_all_nodes()]
    strategies = [NodeAffinitySchedulingStrategy(name, soft=False) for name in others * READERS]
    readers = [read.options(scheduling_strategy=strategy) for strategy in strategies]
    # The first read starts the processes.
    ray.get([reader.remote({"features": np.ones((1, 1))}) for reader in readers])
    before, start = stored(cluster), time.perf_counter()
    shared = ray.put(arrays)
    put = time.perf_counter() - start
    start = time.perf_counter()
    ray.get([reader.remote(shared) for reader in readers])
    sent = time.perf_counter() - start
    held = [new - old for new, old in zip(stored(cluster), before, strict=True)]
    return {
        "put_s": put,
        "broadcast_s": sent,
        "broadcast_gb_a_second": len(others) * size / 1e9 / sent,
        "bytes_a_node": max(held),
        "copies_a_node": max(held) / size,
    }


def main() -> None:
    """Measure, print both tables, and write the figures to a file if `--json` names one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    each = QUICK_TRIALS if options.quick else TRIALS
    SleepingTrial.seconds = QUICK_SLEEP if options.quick else SLEEP
    size = QUICK_BYTES if options.quick else BYTES
    session.CurriculumTrial = SleepingTrial  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as folder, nodes(max(WORKERS)) as cluster:
        cache = ArrayCache(Path(folder))
        rates = {workers: trials_an_hour(workers, each, cache) for workers in WORKERS}
        sent = broadcast(cluster, size)
    print(f"trials that sleep {SleepingTrial.seconds:g} s and train a step;", end=" ")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    figures = {f"efficiency_{w}_workers": rates[w] / (w * rates[1]) for w in WORKERS}
    for workers, rate in rates.items():
        asleep = rate * SleepingTrial.seconds / 3600 / workers
        print(
            f"{workers} workers {rate:8.0f} trials an hour,"
            f" {figures[f'efficiency_{workers}_workers']:.2f} of {workers} × the rate of one;"
            f" they slept {asleep:.0%} of the time"
        )
    print(
        f"{size / 1e9:g} GB put in {sent['put_s']:.2f} s, on {max(WORKERS) - 1} more nodes after"
        f" {sent['broadcast_s']:.2f} s ({sent['broadcast_gb_a_second']:.2f} GB/s in all);"
        f" {READERS} readers a node hold {sent['copies_a_node']:.2f} copies of it"
    )
    if options.json:
        options.json.write_text(json.dumps(figures | sent, indent=2) + "\n")


if __name__ == "__main__":
    main()

"""The index over several raylets when one of them is lost during the count."""

import os

import numpy as np
import pytest
import ray
from ray.cluster_utils import Cluster

from class_sweep.difficulty import tiles
from class_sweep.difficulty.index import build_index
from class_sweep.execution.cluster.distributed_index import many_nodes, ray_executor

pytestmark = [
    pytest.mark.ray,
    # Ray's own test cluster leaves its log files to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
]

SIGMAS = [0.5, 0.7, 0.9]


@pytest.fixture
def cluster():
    ray.shutdown()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    cluster.connect()
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def features(pairs):
    generator = np.random.default_rng(5)
    centres = generator.normal(size=(40, 24))
    rows = centres[generator.integers(0, 40, pairs)] + 0.6 * generator.normal(size=(pairs, 24))
    return rows[:, :12].astype(np.float32), rows[:, 12:].astype(np.float32)


@pytest.mark.long
@pytest.mark.cluster
def test_the_index_is_the_same_over_three_nodes_when_one_is_lost(cluster, monkeypatch):
    monkeypatch.setattr(tiles, "TILE", 200)
    text, molecule = features(3000)
    local = build_index(text, molecule, SIGMAS)
    workers = [cluster.add_node(num_cpus=1) for _ in range(2)]
    cluster.wait_for_nodes()
    assert many_nodes()
    lost = []

    def lose_one(done, total):
        assert total == 120  # 15 spans of 200 pairs, each against itself and all later spans
        if done == 20 and not lost:
            lost.append(workers.pop())
            cluster.remove_node(lost[0])

    distributed = build_index(text, molecule, SIGMAS, executor=ray_executor(lose_one))
    assert lost
    assert distributed.checksum() == local.checksum()

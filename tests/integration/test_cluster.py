"""Sweeps over several raylets, as over several machines: who leaves, who joins, what is lost."""

import json
import os
import time
from pathlib import Path

import pytest
import ray
from ray.cluster_utils import Cluster

pytestmark = [
    pytest.mark.ray,
    # Ray's own test cluster leaves its log files to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
]
SUPPORT = Path(__file__).parents[1] / "support"


def ended(lines):
    return {line["trial"]: line["decision"] for line in lines if line["decision"] != "continue"}


@pytest.fixture
def cluster(monkeypatch):
    """A head of its own core; nodes are added as a test wants them."""
    ray.shutdown()
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_preload_python_modules", "torch,fake_gpus")
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(SUPPORT), os.environ.get("PYTHONPATH", "")])
    )
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
    )
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture
def gpu_file(small_space_text, tmp_path):
    text = small_space_text.replace("max_concurrent: 1", "max_concurrent: 8")
    path = tmp_path / "gpu.yaml"
    path.write_text(text.replace("{cpus: 1}", "{cpus: 0.5, gpus: 0.5}"))
    return path


def test_a_node_that_is_lost_costs_no_report_and_one_that_joins_is_used(
    cluster, sweep, gpu_file, lines, tmp_path
):
    first, second = (cluster.add_node(num_cpus=2, num_gpus=1) for _ in range(2))
    cluster.wait_for_nodes()
    folder = tmp_path / "out"
    process = sweep.start_and_wait(
        folder, 3, "run", gpu_file, "--out", folder, "--address", cluster.address
    )
    before = lines(folder)
    cluster.remove_node(second, allow_graceful=False)
    out, _ = process.communicate(timeout=200)
    assert process.returncode == 0, out
    print(out)
    assert lines(folder)[: len(before)] == before

"""Sweeps over several raylets, as over several machines: who leaves, who joins, what is lost."""

import json
import os
import time
from collections import Counter
from pathlib import Path

import pytest
import ray
from ray._raylet import AuthenticationTokenLoader, Config
from ray.cluster_utils import Cluster

pytestmark = [
    pytest.mark.ray,
    pytest.mark.cluster,
    # Ray's own test cluster leaves its log files to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
]
SUPPORT = Path(__file__).parents[1] / "support"
TRIALS = 20
SHARES = 2  # trials that share a GPU


class Nodes:
    """A head without GPUs, and nodes that say to have one each."""

    def __init__(self, notes: Path):
        self._notes = notes
        self.cluster = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
        )
        self.address = self.cluster.address

    def add(self, **env: str):
        return self.cluster.add_node(num_cpus=4, num_gpus=1, env_vars=env)

    def lose(self, node) -> None:
        self.cluster.remove_node(node, allow_graceful=False)

    def notes(self) -> list[dict]:
        return [json.loads(line) for line in self._notes.read_text().splitlines()]

    def trials_on(self, node: str) -> set[int]:
        return {note["trial"] for note in self.notes() if note["node"] == node}

    def used(self) -> set[str]:
        return {note["node"] for note in self.notes()}


@pytest.fixture(scope="module")
def in_token_mode(tmp_path_factory):
    """Every cluster here asks for a token, and every process that is started here knows it."""
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "token").write_text("of-this-cluster-alone" * 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN_PATH", str(folder / "token"))
        patch.setenv("RAY_preload_python_modules", "torch,fake_gpus")
        patch.setenv(
            "PYTHONPATH", os.pathsep.join([str(SUPPORT), os.environ.get("PYTHONPATH", "")])
        )
        _read_again()
        yield folder
    _read_again()


def _read_again() -> None:
    """Have Ray see what the environment says now; it looks once in each process."""
    Config.initialize("")
    AuthenticationTokenLoader.instance().reset_cache()


@pytest.fixture
def nodes(in_token_mode, monkeypatch, tmp_path):
    ray.shutdown()
    notes = tmp_path / "notes"
    notes.touch()
    monkeypatch.setenv("FAKE_GPUS_NOTES", str(notes))
    nodes = Nodes(notes)
    yield nodes
    ray.shutdown()
    nodes.cluster.shutdown()


@pytest.fixture
def driver(nodes, sweep, cache_folder, tmp_path):
    """The command line, with what this environment says of the cluster."""
    return type(sweep)(cache_folder, tmp_path)


@pytest.fixture
def gpu_text(small_space_text):
    text = small_space_text.replace("max_concurrent: 1", "sampler: random")
    text = text.replace("trials: 8", f"trials: {TRIALS}")
    return text.replace("{cpus: 1}", f"{{cpus: 0.5, gpus: {1 / SHARES}}}")


def write(folder: Path, text: str) -> Path:
    path = folder / "space.yaml"
    path.write_text(text)
    return path


def ends(lines: list[dict]) -> dict[int, str]:
    return {line["trial"]: line["decision"] for line in lines if line["decision"] != "continue"}


def under_way(lines: list[dict]) -> set[int]:
    """Trials that have reported and are to go on."""
    return {line["trial"] for line in lines} - ends(lines).keys()


def most_at_a_time(notes: list[dict]) -> Counter:
    """Of each node, how many trials it trained at the same moment at most."""
    moments = sorted(
        (note[edge], step, note["node"])
        for note in notes
        if note["what"] == "train"
        for edge, step in (("begun", 1), ("ended", -1))
    )
    running, most = Counter(), Counter()
    for _, step, node in moments:
        running[node] += step
        most[node] = max(most[node], running[node])
    return most


def until(condition, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_node_that_is_lost_costs_no_report_and_one_that_joins_is_used(
    nodes, driver, gpu_text, lines, tmp_path
):
    first = nodes.add()
    space = write(tmp_path, gpu_text)
    folder = tmp_path / "out"
    process = driver.start_and_wait(
        folder, 2, "run", space, "--out", folder, "--address", nodes.address
    )
    second = nodes.add()
    until(lambda: len(nodes.used()) == 2)
    until(lambda: under_way(lines(folder)) & nodes.trials_on(first.node_id))
    before = lines(folder)
    nodes.lose(first)
    out, _ = process.communicate(timeout=200)
    assert process.returncode == 0, out
    assert "left the cluster; its trials go on elsewhere" in out
    after = lines(folder)
    assert after[: len(before)] == before
    assert set(ends(after).values()) == {"finish", "prune"}
    assert len(ends(after)) == TRIALS
    for trial in range(
        TRIALS
    ):  # each report once and in its turn: none is lost, none is there twice
        reports = [line["report"] for line in after if line["trial"] == trial]
        assert reports == list(range(len(reports)))
    assert nodes.used() == {first.node_id, second.node_id}
    assert [n for n in nodes.notes() if n["what"] == "restore" and n["step"] > 0]
    assert set(most_at_a_time(nodes.notes()).values()) == {SHARES}

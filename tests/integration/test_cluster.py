"""Sweeps on several raylets, which simulate machines that join, leave and fail."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest
import ray
from plugin_texts import package_of_parts
from ray._raylet import AuthenticationTokenLoader, Config
from ray.cluster_utils import Cluster
from waiting import patience, wait_for

pytestmark = [
    pytest.mark.ray,
    # Ray's own test cluster leaves its log files to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
]
SUPPORT = Path(__file__).parents[1] / "support"
OWN_PARTS = Path(__file__).parents[2] / "examples" / "own_parts"
STORE = "object_store_memory"
TRIALS = 12
TRIALS_PER_GPU = 2  # trials that share a GPU


class Nodes:
    """A head without GPUs, and nodes with simulated GPUs, one unless a test asks for more."""

    def __init__(self, notes: Path):
        self._notes = notes
        head = {"num_cpus": 1, "include_dashboard": False}
        self.cluster = Cluster(initialize_head=True, head_node_args=head)
        self.address = self.cluster.address

    def add(self, *shadows: Path, idle: bool = False, gpus: int = 1):
        """Add a node.

        Args:
            shadows: Folders whose packages come first on its path.
            idle: The node runs no trial, so its workers preload nothing.
            gpus: The number of its GPUs.
        """
        env = {"PYTHONPATH": os.pathsep.join([*map(str, shadows), os.environ["PYTHONPATH"]])}
        env |= {"RAY_preload_python_modules": ""} if idle else {}
        return self.cluster.add_node(num_cpus=1, num_gpus=gpus, env_vars=env)

    def lose(self, node) -> None:
        self.cluster.remove_node(node, allow_graceful=False)

    def clear(self) -> None:
        for node in list(self.cluster.worker_nodes):
            self.lose(node)
        self.release()
        self._notes.write_text("")

    def hold(self) -> None:
        """Stop every trial after its first report, until `release`."""
        self._notes.with_name("hold").touch()

    def release(self) -> None:
        self._notes.with_name("hold").unlink(missing_ok=True)

    def notes(self) -> list[dict]:
        return [json.loads(line) for line in self._notes.read_text().splitlines()]

    def held(self) -> dict[int, str]:
        """The trials that wait for `release`, each with its node."""
        return {note["trial"]: note["node"] for note in self.notes() if note["what"] == "hold"}

    def restored(self, since: int = 0) -> set[int]:
        """The trials that continued from a checkpoint, according to the notes from one on."""
        return {
            note["trial"]
            for note in self.notes()[since:]
            if note["what"] == "restore" and note["step"]
        }

    def used(self) -> set[str]:
        return {note["node"] for note in self.notes()}


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Every cluster of this module requires a token, and each of its processes has the token."""
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "token").write_text("of-this-cluster-alone" * 2)
    (folder / "notes").touch()
    path = os.pathsep.join(filter(None, [str(SUPPORT), os.environ.get("PYTHONPATH")]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN_PATH", str(folder / "token"))
        patch.setenv("RAY_scheduler_report_pinned_bytes_only", "0")  # report all objects of a store
        patch.setenv("RAY_preload_python_modules", "torch,fake_gpus")
        patch.setenv("PYTHONPATH", path)
        patch.setenv("FAKE_GPUS_NOTES", str(folder / "notes"))
        _read_again()
        yield folder
    _read_again()


def _read_again() -> None:
    """Let Ray read the environment again, which it does once per process."""
    Config.initialize("")
    AuthenticationTokenLoader.instance().reset_cache()


@pytest.fixture(scope="module")
def new_cluster(environment):
    """Starts clusters, and shuts down the remaining ones at the end."""
    ray.shutdown()
    made = []

    def make() -> Nodes:
        made.append(Nodes(environment / "notes"))
        return made[-1]

    yield make
    ray.shutdown()
    for nodes in made:
        nodes.cluster.shutdown()


@pytest.fixture(scope="module")
def head(new_cluster):
    return new_cluster()


@pytest.fixture
def nodes(head):
    """The head alone; each test adds its nodes."""
    yield head
    head.clear()


@pytest.fixture
def driver(environment, sweep, cache_folder, tmp_path):
    """The command line, in the environment of the cluster."""
    driver = type(sweep)(cache_folder, tmp_path)
    yield driver
    driver.end()


@pytest.fixture
def gpu_text(small_space_text):
    text = small_space_text.replace("max_concurrent: 1", "sampler: random")
    text = text.replace("trials: 8", f"trials: {TRIALS}")
    return text.replace("{cpus: 1}", f"{{cpus: 0.5, gpus: {1 / TRIALS_PER_GPU}}}")


def write(folder: Path, text: str) -> Path:
    path = folder / "space.yaml"
    path.write_text(text)
    return path


def ends(lines: list[dict]) -> dict[int, str]:
    """The last decision on each ended trial; running and paused trials have not ended."""
    open_ = {"continue", "pause"}
    return {line["trial"]: line["decision"] for line in lines if line["decision"] not in open_}


def most_at_a_time(notes: list[dict]) -> Counter:
    """The maximum number of concurrent trials of each node."""
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


@pytest.mark.cluster
def test_a_lost_node_costs_no_report_and_a_new_node_is_used(
    nodes, driver, gpu_text, lines, tmp_path
):
    first = nodes.add()
    space = write(tmp_path, gpu_text)
    folder = tmp_path / "out"
    nodes.hold()
    process = driver.start("run", space, "--out", folder, "--address", nodes.address)
    wait_for(process, lambda: len(nodes.held()) == TRIALS_PER_GPU)
    held = set(nodes.held())
    second = nodes.add()
    wait_for(process, lambda: len(nodes.held()) == 2 * TRIALS_PER_GPU)
    before, noted = lines(folder), len(nodes.notes())
    nodes.lose(first)
    assert any("left the cluster; its trials continue elsewhere" in line for line in process.stdout)
    nodes.release()
    out, _ = process.communicate(timeout=patience())
    assert process.returncode == 0, out
    after = lines(folder)
    assert after[: len(before)] == before
    assert set(ends(after).values()) == {"finish", "prune"}
    assert len(ends(after)) == TRIALS
    for trial in range(TRIALS):  # no report is lost or repeated
        reports = [line["report"] for line in after if line["trial"] == trial]
        assert reports == list(range(len(reports)))
    assert nodes.used() == {first.node_id, second.node_id}
    assert held <= nodes.restored(since=noted)
    assert max(most_at_a_time(nodes.notes()).values()) == TRIALS_PER_GPU


@pytest.mark.cluster
def test_trials_on_two_gpus_have_the_values_of_trials_on_one(
    nodes, driver, gpu_text, lines, tmp_path
):
    nodes.add(gpus=2)
    nodes.add()  # holds no trial on two
    text = gpu_text.replace(f"trials: {TRIALS}", "trials: 4").replace(
        "dimension: 16", "dimension: 16, dropout: 0"
    )
    objectives = []
    for gpus in ("2", "1"):
        folder = tmp_path / gpus
        space = write(tmp_path, text.replace("gpus: 0.5", f"gpus: {gpus}"))
        code, out = driver.run("run", space, "--out", folder, "--address", nodes.address)
        assert code == 0, out
        objectives.append([line["objective"] for line in lines(folder)])
    assert len(objectives[0]) == len(objectives[1]) > 4
    assert sorted(objectives[0]) == pytest.approx(sorted(objectives[1]), abs=0.01)


@pytest.mark.cluster
def test_after_its_driver_was_killed_a_sweep_continues_on_the_same_cluster(
    nodes, driver, gpu_text, lines, tmp_path
):
    """The checkpoints and the copy of the results are on a path that every node can read."""
    for _ in range(2):
        nodes.add()
    folder, shared = tmp_path / "out", tmp_path / "shared"
    shared.mkdir()
    nodes.hold()
    process = driver.start(
        *("run", write(tmp_path, gpu_text), "--out", folder),
        *("--address", nodes.address, "--storage", shared),
    )
    wait_for(process, lambda: len(nodes.held()) == 2 * TRIALS_PER_GPU)
    process.kill()
    process.communicate()
    before, noted, held = lines(folder), len(nodes.notes()), set(nodes.held())
    nodes.release()
    code, out = driver.run("resume", folder, "--address", nodes.address)
    assert code == 0, out
    after = lines(folder)
    assert after[: len(before)] == before
    assert len(ends(after)) == TRIALS
    assert "fail" not in ends(after).values()
    assert held <= nodes.restored(since=noted)
    assert max(most_at_a_time(nodes.notes()).values()) == TRIALS_PER_GPU
    assert (shared / "out" / "trials.jsonl").read_bytes() == (folder / "trials.jsonl").read_bytes()


@pytest.mark.parametrize("verb", ["run", pytest.param("check", marks=pytest.mark.cluster)])
def test_nodes_with_other_software_are_named_in_one_error(nodes, driver, gpu_text, tmp_path, verb):
    bare, other = tmp_path / "bare", tmp_path / "other"
    (bare / "class_sweep").mkdir(parents=True)
    (bare / "class_sweep" / "__init__.py").write_text("raise ImportError('not here')")
    (other / "class_sweep").mkdir(parents=True)
    (other / "class_sweep" / "__init__.py").write_text("__version__ = '9.9'")
    (other / "torch-1.0.dist-info").mkdir()
    (other / "torch-1.0.dist-info" / "METADATA").write_text("Name: torch\nVersion: 1.0\n")
    mine = package_of_parts(tmp_path / "mine", "1.2")
    package_of_parts(other, "1.3")
    shadows = ((mine,), (bare,), (other,))
    ids = [nodes.add(*folders, idle=True).node_id[:6] for folders in shadows]
    space = write(tmp_path, gpu_text)
    before = sorted(tmp_path.iterdir())
    path = os.pathsep.join([str(mine), os.environ["PYTHONPATH"]])
    code, out = driver.run(verb, space, "--address", nodes.address, PYTHONPATH=path)
    assert code == 2, out
    assert out.count("error:") == 1
    assert "every node must run the same software as this machine" in out
    assert f"({ids[0]})" not in out
    assert f"({ids[1]}) has my-parts none (here 1.2), class-sweep none (here " in out
    assert f"({ids[2]}) has my-parts 1.3 (here 1.2), class-sweep 9.9 of sources" in out
    assert "torch 1.0 (here " in out
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.cluster
@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("gpus: 0.5", "gpus: 4", "resources.gpus: must be at most 1 on these machines, got 4"),
        ("gpus: 0.5", "gpus: 1.5", "resources.gpus: must be a share of one GPU, or a whole number"),
        ("cpus: 0.5, gpus: 0.5", "cpus: 64", "must be at most 1 on these machines, got 64"),
    ],
)
def test_a_trial_that_fits_on_no_node_is_refused_at_the_start(
    nodes, driver, gpu_text, tmp_path, old, new, expected
):
    for _ in range(2):
        nodes.add(idle=True)
    assert old in gpu_text
    space = write(tmp_path, gpu_text.replace(old, new))
    code, out = driver.run("run", space, "--out", tmp_path / "out", "--address", nodes.address)
    assert code == 2, out
    assert expected in out
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "credentials",
    [
        pytest.param({"RAY_AUTH_TOKEN": "wrong"}, id="wrong"),
        pytest.param({"RAY_AUTH_MODE": "disabled"}, id="none", marks=pytest.mark.cluster),
        pytest.param({"RAY_AUTH_TOKEN_PATH": "nowhere"}, id="missing", marks=pytest.mark.cluster),
    ],
)
def test_without_the_token_the_sweep_neither_starts_nor_hangs(
    head, driver, gpu_text, tmp_path, credentials
):
    space = write(tmp_path, gpu_text)
    process = driver.start(
        "run", space, "--out", tmp_path / "out", RAY_ADDRESS=head.address, **credentials
    )
    out, _ = process.communicate(timeout=patience(12))  # Ray itself would retry for ever
    assert process.returncode == 2, out
    assert "this machine must have the token of the cluster" in out
    assert not (tmp_path / "out").exists()


def test_each_node_holds_the_features_once(nodes, driver, gpu_text, tmp_path):
    """The object stores are measured while each of two nodes trains two trials."""
    added = {nodes.add().node_id for _ in range(2)}
    text = gpu_text.replace("bits: 256", "bits: 4096")
    space = write(tmp_path, text)
    folder = tmp_path / "out"
    nodes.hold()
    process = driver.start("run", space, "--out", folder, "--address", nodes.address)
    wait_for(
        process,
        lambda: (
            len({(note["node"], note["process"]) for note in nodes.notes()}) == 2 * TRIALS_PER_GPU
        ),
    )
    assert nodes.used() == added
    held = stores(nodes)
    process.kill()
    process.communicate()
    features = 700 * (4096 + 32) * 4
    assert len(held) == 3
    for count in held.values():  # the head has the copy of the driver
        assert features < count < 1.5 * features


def stores(nodes: Nodes) -> dict[str, int]:
    """The bytes in the object store of each node."""
    state = nodes.cluster.global_state
    free = state.available_resources_per_node()
    return {
        node["NodeID"]: int(node["Resources"][STORE] - free[node["NodeID"]][STORE])
        for node in state.node_table()
        if node["Alive"]
    }


@pytest.mark.cluster
def test_a_new_node_with_other_software_stops_the_sweep_after_the_running_reports(
    nodes, driver, gpu_text, lines, tmp_path
):
    other = tmp_path / "other"
    (other / "torch-1.0.dist-info").mkdir(parents=True)
    (other / "torch-1.0.dist-info" / "METADATA").write_text("Name: torch\nVersion: 1.0\n")
    nodes.add()
    folder = tmp_path / "out"
    nodes.hold()
    process = driver.start(
        "run", write(tmp_path, gpu_text), "--out", folder, "--address", nodes.address
    )
    wait_for(process, lambda: len(nodes.held()) == TRIALS_PER_GPU)
    wrong = nodes.add(other)
    assert any("stopping after the running reports" in line for line in process.stdout)
    nodes.release()
    out, _ = process.communicate(timeout=patience())
    assert process.returncode == 1, out
    assert f"({wrong.node_id[:6]}) has torch 1.0 (here " in out
    before = lines(folder)
    assert "fail" not in ends(before).values()
    nodes.lose(wrong)
    code, out = driver.run("resume", folder, "--address", nodes.address)
    assert code == 0, out
    after = lines(folder)
    assert after[: len(before)] == before
    assert len(ends(after)) == TRIALS


@pytest.mark.cluster
def test_after_the_head_was_lost_a_sweep_continues_on_another_cluster(
    new_cluster, driver, gpu_text, lines, tmp_path
):
    lost = new_cluster()
    lost.add()
    folder = tmp_path / "out"
    lost.hold()
    process = driver.start(
        "run", write(tmp_path, gpu_text), "--out", folder, "--address", lost.address
    )
    wait_for(process, lambda: len(lost.held()) == TRIALS_PER_GPU)
    process.kill()  # it ran on the head
    process.communicate()
    lost.clear()
    lost.cluster.remove_node(lost.cluster.head_node, allow_graceful=False)
    before = lines(folder)
    code, out = driver.run("resume", folder, "--address", lost.address)
    assert code == 2, out
    assert "an address must name a running Ray cluster" in out
    assert lines(folder) == before
    replacement = new_cluster()
    replacement.add()
    code, out = driver.run("resume", folder, "--address", replacement.address)
    assert code == 0, out
    after = lines(folder)
    assert after[: len(before)] == before
    assert len(ends(after)) == TRIALS
    assert replacement.restored()
    replacement.clear()


@pytest.mark.cluster
def test_parts_from_files_outside_the_package_are_trained_on_every_node(
    nodes, driver, lines, tmp_path
):
    nodes.add()
    nodes.add()
    space = write(tmp_path, (OWN_PARTS / "space.yaml").read_text() + "resources: {gpus: 1}\n")
    files = [word for file in sorted(OWN_PARTS.glob("*.py")) for word in ("--plugin", file)]
    options = ["--out", tmp_path / "out", "--address", nodes.address]
    process = driver.start("run", space, *files, *options)
    printed, _ = process.communicate(timeout=240)
    assert process.returncode == 0, printed
    finished = [line for line in lines(tmp_path / "out") if line["decision"] == "finish"]
    assert {line["trial"] for line in finished} == {0, 1, 2, 3}
    assert all("split/text_to_molecule/hits@5" in line["metrics"] for line in finished)
    assert len(nodes.used()) == 2

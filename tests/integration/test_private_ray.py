"""The Ray of a running sweep: who can reach it, and what its death leaves behind.

The tests of one sweep use it in their order; the last one ends it.
"""

import ipaddress
import json
import os
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import second_user
from waiting import patience, wait_for, wait_until

from class_sweep.execution.cluster.address import _running_clusters

pytestmark = pytest.mark.ray

NAMES = {"raylet": "raylet", "gcs": "gcs_server", "agents": "Agent"}


@dataclass
class Running:
    """A sweep that runs."""

    process: subprocess.Popen
    folder: Path

    def tree(self) -> list[psutil.Process]:
        driver = psutil.Process(self.process.pid)
        return [driver, *driver.children(recursive=True)]

    def named(self, name: str) -> list[psutil.Process]:
        """The processes whose command begins with a name, or whose title contains it."""
        found = []
        for process in self.tree():
            command = (process.cmdline() or [""])[0]
            if Path(command).name == name or (command.startswith("ray::") and name in command):
                found.append(process)
        return found

    @property
    def session(self) -> Path:
        (store,) = self.named("gcs_server")
        return Path(store.environ()["RAY_AUTH_TOKEN_PATH"]).parent

    @property
    def control_store(self) -> str:
        """Its address."""
        (raylet,) = self.named("raylet")
        return next(a for a in raylet.cmdline() if a.startswith("--gcs-address=")).split("=")[1]


@pytest.fixture(scope="module")
def long_file(small_space_text, tmp_path_factory):
    path = tmp_path_factory.mktemp("space") / "long.yaml"
    path.write_text(small_space_text.replace("epochs: 6", "epochs: 2000"))
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def start(sweep, long_file, home, tmp_path_factory):
    """Starts a sweep, and returns when its first report is written."""

    def begin(**env: str) -> Running:
        folder = tmp_path_factory.mktemp("private") / "out"
        user = {
            "RAY_AUTH_MODE": "disabled", "RAY_AUTH_TOKEN": "of-a-cluster", "HOME": str(home),
        }  # fmt: skip
        arguments = ("run", long_file, "--out", folder)
        return Running(sweep.start_and_wait(folder, 1, *arguments, **user, **env), folder)

    return begin


@pytest.fixture(scope="module")
def running(start):
    sweep = start()
    yield sweep
    sweep.process.kill()
    sweep.process.communicate()


def test_every_socket_is_on_loopback(running):
    addresses = {}
    for process in running.tree():
        for connection in process.net_connections():
            if connection.laddr:
                addresses[connection.laddr, process.pid] = process.name()
    assert {"gcs_server", "raylet"} <= set(addresses.values())
    outward = {
        where: name
        for where, name in addresses.items()
        if not loopback(ipaddress.ip_address(where[0].ip))
    }
    assert not outward


def loopback(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address, or the IPv4 address that it maps, is on loopback."""
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def test_the_session_belongs_to_the_sweep_alone(running, home):
    session = running.session
    assert not (home / ".ray").exists()
    assert stat.S_IMODE(session.stat().st_mode) == 0o700
    assert stat.S_IMODE((session / "token").stat().st_mode) == 0o600
    for process in running.tree():
        for link in Path(f"/proc/{process.pid}/fd").iterdir():
            assert not os.fsdecode(link.readlink()).startswith("/tmp/ray/")  # noqa: S108


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_second_user_can_do_nothing(running):
    (agent,) = running.named("RuntimeEnvAgent")
    port = next(c.laddr.port for c in agent.net_connections() if c.status == "LISTEN")
    done = subprocess.run(
        [sys.executable, second_user.__file__, running.session, running.control_store,
         f"http://127.0.0.1:{port}/get_or_create_runtime_env", str(running.process.pid)],
        check=True, capture_output=True, text=True, timeout=patience(),
    )  # fmt: skip
    outcome = json.loads(done.stdout)
    assert outcome.pop("with the token") == "1 node"
    assert len(outcome) == 12
    assert set(outcome.values()) == {"refused"}, outcome


def test_auto_does_not_join_the_ray_of_another_sweep(running, sweep, long_file, tmp_path):
    clusters = _running_clusters()  # of whoever else uses this machine
    assert running.control_store not in clusters
    code, out = sweep.run(
        "run", long_file, "--out", tmp_path / "out", RAY_ADDRESS="auto", RAY_TMPDIR=str(tmp_path)
    )
    assert code == 2, out
    assert "got auto (no cluster runs on this machine)" in out or clusters
    assert not (tmp_path / "out").exists()


def test_the_death_of_the_control_store_is_one_error_that_says_how_to_go_on(running):
    die(running, "gcs")


@pytest.mark.long
@pytest.mark.parametrize("name", ["raylet", "agents"])
def test_the_death_of_another_process_of_ray_is_one_error_too(start, name):
    die(start(), name)


@pytest.mark.long
def test_the_death_of_the_raylet_in_a_confirmation_is_one_error_too(
    sweep, small_space_text, tmp_path
):
    space = tmp_path / "confirm.yaml"
    text = small_space_text.replace("trials: 8", "trials: 2").replace("epochs: 6", "epochs: 200")
    space.write_text(text.replace("finalists: 0", "finalists: 1, seeds: 3"))
    folder = tmp_path / "out"
    process = sweep.start("run", space, "--out", folder)
    wait_for(process, (folder / "confirm.jsonl").exists, usual=60)
    die(Running(process, folder), "raylet")


@pytest.mark.long
def test_a_driver_that_is_killed_leaves_nothing_and_says_how_to_go_on(start):
    sweep = start()
    session, tree = sweep.session, sweep.tree()
    sweep.process.kill()
    out, _ = sweep.process.communicate(timeout=patience(5))
    assert out.strip().splitlines()[-1].startswith("error: the process of the sweep was ended by")
    assert f"continue with: class-sweep resume {sweep.folder}" in out
    wait_until(lambda: not any(map(lives, tree)))
    assert not session.exists()


def die(sweep: Running, name: str) -> None:
    """Kill processes of Ray; the sweep ends with one error, and nothing stays behind."""
    session, tree = sweep.session, sweep.tree()
    for process in sweep.named(NAMES[name]):
        process.kill()
    out, _ = sweep.process.communicate(timeout=patience(1))
    assert sweep.process.returncode == 1, out
    last = out.strip().splitlines()[-1]
    assert last.startswith("error: Ray must run as long as the sweep, but its "), out
    assert last.endswith(f"every report is kept, continue with: class-sweep resume {sweep.folder}")
    assert "Traceback" not in out
    wait_until(lambda: not any(map(lives, tree)))
    assert not session.exists()


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

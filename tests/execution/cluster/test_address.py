import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ray._private import services
from waiting import patience, wait_until

from class_sweep.errors import InputError
from class_sweep.execution.cluster import address
from class_sweep.execution.cluster.address import cluster_address, require_cluster


@pytest.mark.parametrize(
    ("requested", "variable", "expected"),
    [
        (None, None, None),
        (None, "", None),
        (None, "local", None),
        (None, "10.0.0.1:6379", "10.0.0.1:6379"),
        ("auto", "10.0.0.1:6379", "auto"),
        ("10.0.0.2:6379", "10.0.0.1:6379", "10.0.0.2:6379"),
        ("local", "10.0.0.1:6379", None),
    ],
)
def test_a_requested_address_has_priority_over_the_environment(
    monkeypatch, requested, variable, expected
):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    if variable is not None:
        monkeypatch.setenv("RAY_ADDRESS", variable)
    assert cluster_address(requested) == expected


@pytest.mark.parametrize("wrong", ["nonsense", "host:port", "10.0.0.1", "10.0.0.1:", ":6379"])
def test_an_invalid_address_is_refused(wrong):
    expected = f"an address must be auto or host:port, got {wrong}"
    with pytest.raises(InputError, match=re.escape(expected) + "$"):
        require_cluster(wrong)


@pytest.mark.parametrize("url", ["ray://10.0.0.1:10001", "ray://", "http://10.0.0.1:8265"])
def test_the_url_of_a_remote_cluster_is_refused_and_names_ray_job_submit(url):
    expected = rf"must be auto or host:port, .*, got {url}; .*: ray job submit --address .*"
    with pytest.raises(InputError, match=expected):
        require_cluster(url)


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def on_loopback(monkeypatch):
    """Use the loopback address: Ray would use the network address, where no test listens."""
    monkeypatch.setattr(
        "ray._private.services.canonicalize_bootstrap_address", lambda address: address
    )


def test_a_closed_port_is_refused_at_once(on_loopback):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    start = time.monotonic()
    with pytest.raises(InputError, match=rf"running Ray cluster, got 127.0.0.1:{port} \(.*refused"):
        require_cluster(f"127.0.0.1:{port}")
    assert time.monotonic() - start < address._CONNECT_SECONDS


def test_another_server_on_the_port_is_refused_in_time(listener, on_loopback, monkeypatch):
    monkeypatch.setattr(address, "_ANSWER_SECONDS", 3.0)
    start = time.monotonic()
    with pytest.raises(InputError, match=f"the process at 127.0.0.1:{listener} is no Ray cluster"):
        require_cluster(f"127.0.0.1:{listener}")
    assert time.monotonic() - start < 3 + address._CONNECT_SECONDS


def raylet(folder: Path, gcs: str) -> subprocess.Popen:
    """A process with the name and the arguments of a raylet."""
    arguments = [f"--session_dir={folder}/ray/session_2026-11-30_1", f"--gcs-address={gcs}"]
    command = [str(Path(sys.executable).resolve()), "-c", "print(input())"]
    return subprocess.Popen(
        ["raylet", *command[1:], *arguments], executable=command[0],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.fixture
def raylets(monkeypatch, tmp_path):
    """Starts such processes; Ray's record of the last `ray start` is empty."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    started = []
    yield lambda *arguments: started.append(raylet(*arguments))
    for process in started:
        process.communicate(b"end\n", timeout=patience())


def test_auto_finds_a_cluster_and_never_the_private_ray_of_a_sweep(raylets, tmp_path):
    raylets(tmp_path / "sweep_abcd1234", "127.0.0.1:1")
    wait_until(lambda: "127.0.0.1:1" in services._find_address_from_flag("--gcs-address"))
    assert "127.0.0.1:1" not in address._running_clusters()
    raylets(tmp_path / "other", "10.0.0.9:2")
    wait_until(lambda: "10.0.0.9:2" in address._running_clusters())
    assert "127.0.0.1:1" not in address._running_clusters()


def test_auto_prefers_the_cluster_of_the_last_ray_start(monkeypatch, tmp_path):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.setattr(address, "_running_clusters", lambda: {"10.0.0.1:1", "10.0.0.2:1"})
    assert address._found("auto") == "10.0.0.1:1"
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").write_text("10.0.0.2:1\n")
    assert address._found("auto") == "10.0.0.2:1"
    (tmp_path / "ray" / "ray_current_cluster").write_text("10.0.0.3:1\n")  # stopped since
    assert address._found("auto") == "10.0.0.1:1"
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.4:1")
    assert address._found("auto") == "10.0.0.4:1"


def test_auto_without_a_running_cluster_is_refused(monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(address, "_running_clusters", set)
    with pytest.raises(InputError, match=r"got auto \(no cluster runs on this machine\)"):
        require_cluster("auto")


@pytest.mark.parametrize(
    ("stdout", "stderr", "expected"),
    [
        ("elsewhere", "", r"must be a node of the cluster at 10.0.0.1:6379, .*: ray job submit"),
        ("", "RPC error: InvalidAuthToken: Authentication token is missing", "token"),
        ("", "one\nray.exceptions.RpcError: 404", r"RpcError: 404\)"),
    ],
)
def test_each_failed_greeting_is_one_error(monkeypatch, stdout, stderr, expected):
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: socket.socket())
    done = subprocess.CompletedProcess([sys.executable], 0, stdout, stderr)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    with pytest.raises(InputError, match=expected):
        require_cluster("10.0.0.1:6379")

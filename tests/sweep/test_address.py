import socket
import subprocess
import sys
import time

import pytest

from class_sweep.errors import InputError
from class_sweep.sweep import address
from class_sweep.sweep.address import require_cluster, wanted_address


@pytest.mark.parametrize(
    ("asked", "variable", "expected"),
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
def test_what_is_asked_for_wins_over_the_environment(monkeypatch, asked, variable, expected):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    if variable is not None:
        monkeypatch.setenv("RAY_ADDRESS", variable)
    assert wanted_address(asked) == expected


@pytest.mark.parametrize("wrong", ["nonsense", "host:port", "10.0.0.1", "10.0.0.1:", ":6379"])
def test_what_is_no_address_is_refused(wrong):
    with pytest.raises(InputError, match="must be auto or host:port, got " + wrong):
        require_cluster(wrong)


def test_ray_client_is_refused_with_what_to_do_instead():
    with pytest.raises(InputError, match=r"got ray://h:10001: .* ray job submit .* --address auto"):
        require_cluster("ray://h:10001")


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def on_loopback(monkeypatch):
    """Ray asks for this machine by its address in the network, where tests do not listen."""
    monkeypatch.setattr(
        "ray._private.services.canonicalize_bootstrap_address", lambda address: address
    )


def test_a_port_where_nothing_listens_is_refused_at_once(listener, on_loopback):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    start = time.monotonic()
    with pytest.raises(InputError, match=rf"answers, got 127.0.0.1:{port} \(.*refused"):
        require_cluster(f"127.0.0.1:{port}")
    assert time.monotonic() - start < address._REACH


def test_a_port_where_something_else_listens_is_given_up_in_time(
    listener, on_loopback, monkeypatch
):
    monkeypatch.setattr(address, "_ANSWER", 3.0)
    start = time.monotonic()
    with pytest.raises(InputError, match=rf"what listens at 127.0.0.1:{listener} is none"):
        require_cluster(f"127.0.0.1:{listener}")
    assert time.monotonic() - start < 3 + address._REACH


def test_where_no_cluster_runs_auto_finds_none(monkeypatch):
    def none(_):
        raise ConnectionError("Could not find any running Ray instance.")

    monkeypatch.setattr("ray._private.services.canonicalize_bootstrap_address", none)
    with pytest.raises(InputError, match=r"got auto \(no cluster runs on this machine\)"):
        require_cluster("auto")


@pytest.mark.parametrize(
    ("printed", "complained", "expected"),
    [
        ("elsewhere", "", "on a machine of its cluster, got 10.0.0.1:6379, of which this is none"),
        ("", "RPC error: InvalidAuthToken: Authentication token is missing", "token"),
        ("", "one\nray.exceptions.RpcError: 404", r"RpcError: 404\)"),
    ],
)
def test_each_answer_has_its_words(monkeypatch, printed, complained, expected):
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: socket.socket())
    done = subprocess.CompletedProcess([sys.executable], 0, printed, complained)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    with pytest.raises(InputError, match=expected):
        require_cluster("10.0.0.1:6379")

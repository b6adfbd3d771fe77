import re
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from ray._raylet import AuthenticationTokenLoader, Config

from class_sweep.errors import InputError
from class_sweep.execution.cluster import address
from class_sweep.execution.cluster.address import require_cluster, wanted_address


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


@pytest.mark.parametrize(
    "wrong",
    [
        *("nonsense", "host:port", "10.0.0.1", "10.0.0.1:", ":6379", "http://10.0.0.1:8265"),
        *("ray://", "ray://10.0.0.1", "ray://:10001", "ray://host:port", "ray://http://h:10001"),
    ],
)
def test_what_is_no_address_is_refused(wrong):
    expected = f"an address must be auto, host:port or ray://host:port, got {wrong}"
    with pytest.raises(InputError, match=re.escape(expected) + "$"):
        require_cluster(wrong)


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


@pytest.mark.parametrize("kind", ["", "ray://"])
def test_a_port_where_nothing_listens_is_refused_at_once(on_loopback, kind):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    start = time.monotonic()
    with pytest.raises(InputError, match=rf"answers, got {kind}127.0.0.1:{port} \(.*refused"):
        require_cluster(f"{kind}127.0.0.1:{port}")
    assert time.monotonic() - start < address._REACH


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("", "what listens at 127.0.0.1:{} is none"),
        ("ray://", "what listens at 127.0.0.1:{} is not Ray Client's server"),
    ],
)
def test_a_port_where_something_else_listens_is_given_up_in_time(
    listener, on_loopback, monkeypatch, kind, expected
):
    monkeypatch.setattr(address, "_ANSWER", 3.0)
    start = time.monotonic()
    with pytest.raises(InputError, match=expected.format(listener)):
        require_cluster(f"{kind}127.0.0.1:{listener}")
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
        ("elsewhere", "", r"such as ray://10.0.0.1:10001, got 10.0.0.1:6379; or run"),
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


@pytest.fixture
def server():
    """A gRPC server that answers a greeting with a status, as Ray Client's or another's would."""
    started = []

    def answering(status):
        def answer(_, context):
            context.abort(status, "because")

        handler = grpc.method_handlers_generic_handler(
            "ray.rpc.RayletDriver", {"ClusterInfo": grpc.unary_unary_rpc_method_handler(answer)}
        )
        server = grpc.server(ThreadPoolExecutor(1), handlers=[handler])
        started.append(server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        return f"ray://127.0.0.1:{port}"

    yield answering
    for one in started:
        one.stop(None).wait()


def test_each_answer_of_a_server_for_clients_has_its_words(server):
    asked = server(grpc.StatusCode.UNAUTHENTICATED)
    with pytest.raises(InputError, match=f"got none or a wrong one for {asked}: set RAY_AUTH_MODE"):
        require_cluster(asked)
    asked = server(grpc.StatusCode.UNIMPLEMENTED)
    with pytest.raises(InputError, match=f"got {asked} .what listens at .* is not Ray Client's"):
        require_cluster(asked)


def test_without_any_token_it_says_so_too(server, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    _read_again()
    asked = server(grpc.StatusCode.UNIMPLEMENTED)
    try:
        with pytest.raises(InputError, match=f"got none or a wrong one for {asked}"):
            require_cluster(asked)
    finally:
        monkeypatch.undo()
        _read_again()


def _read_again():
    """Have Ray see what the environment says now; it looks once in each process."""
    Config.initialize("")
    AuthenticationTokenLoader.instance().reset_cache()


def test_a_proxy_of_the_environment_is_not_asked(server, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(InputError, match="because"):
        require_cluster(server(grpc.StatusCode.UNIMPLEMENTED))


def test_without_the_client_it_says_what_to_install(listener, monkeypatch):
    monkeypatch.setattr(address, "find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"pip install 'class-sweep\[cluster\]'"):
        require_cluster(f"ray://127.0.0.1:{listener}")

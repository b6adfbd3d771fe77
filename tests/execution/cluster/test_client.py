import threading

import grpc
import numpy as np
import pytest
import ray

from class_sweep.config.document import parse_space
from class_sweep.errors import InputError, ResultsError, SweepError
from class_sweep.execution.cluster import client
from class_sweep.execution.cluster import workers as joined
from class_sweep.execution.cluster.client import hold_on, is_break, require_sendable
from class_sweep.execution.cluster.workers import JoinedRay


class Broken(grpc.RpcError):
    pass


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Broken(), True),
        (ConnectionError("Client is shutting down."), True),
        (Exception("Ray Client is not connected. Please connect by calling `ray.init`."), True),
        (ConnectionError("Failed to reconnect within the reconnection grace period (30s)"), True),
        (ValueError("Cannot invoke RPC: Channel closed!"), True),
        (ConnectionError("a storage refused"), False),
        (ValueError(), False),
    ],
)
def test_the_end_of_a_connection_is_known_by_its_errors(error, expected):
    assert is_break(error) is expected


class Asked:
    """A client's worker whose questions fail so many times."""

    def __init__(self, *failures: Exception):
        self.failures = list(failures)

    def get_cluster_info(self, kind, timeout=None):
        if self.failures:
            raise self.failures.pop(0)
        return kind, timeout


@pytest.fixture
def held(monkeypatch):
    """Such a worker, as the one that is connected, held on to."""
    monkeypatch.setattr(client, "_PAUSE", 0)
    monkeypatch.setattr(client.auto_init_hook, "enable_auto_connect", True)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)

    def of(*failures, connected=True):
        worker = Asked(*failures)
        context = type("Context", (), {"client_worker": worker})
        monkeypatch.setattr(ray.util.client.ray, "get_context", lambda: context, raising=False)
        monkeypatch.setattr(client, "from_outside", lambda: connected)
        hold_on()
        return worker

    return of


def test_a_question_outlives_a_short_break(held):
    worker = held(Broken(), ValueError("Cannot invoke RPC on closed channel!"))
    assert worker.get_cluster_info("nodes", timeout=3) == ("nodes", 3)
    assert not client.auto_init_hook.enable_auto_connect


def test_it_does_not_outlive_the_end_nor_what_is_no_break(held, monkeypatch):
    with pytest.raises(Broken):
        held(Broken(), connected=False).get_cluster_info("nodes")
    with pytest.raises(KeyError):
        held(KeyError()).get_cluster_info("nodes")
    monkeypatch.setattr(client, "_GRACE", -1)
    with pytest.raises(Broken):
        held(Broken()).get_cluster_info("nodes")


def test_threads_that_served_the_connection_end_without_a_word(held, monkeypatch):
    held()
    said = []
    monkeypatch.setattr(threading, "__excepthook__", said.append)
    for error in (Broken(), KeyError()):
        threading.excepthook(threading.ExceptHookArgs((type(error), error, None, None)))
    assert [given.exc_type for given in said] == [KeyError]


def test_what_one_message_cannot_carry_is_refused():
    huge = np.lib.stride_tricks.as_strided(np.zeros(1, np.int8), (2**31,), (0,))
    require_sendable({"a": huge[: 2**30], "b": np.zeros(3)})
    with pytest.raises(InputError, match=r"must be less than 2 GiB .*, got 2\.0 GiB"):
        require_sendable({"a": huge[: 2**30], "b": huge[: 2**30]})


@pytest.fixture
def outside(monkeypatch, small_space_text):
    """A cluster that is joined through Ray Client, as far as leaving it goes."""
    left = JoinedRay("ray://h:10001", parse_space(small_space_text))
    left._outside = True
    monkeypatch.setattr(joined.ray, "shutdown", lambda: None)

    def leave(error, connected=True):
        monkeypatch.setattr(joined, "from_outside", lambda: connected)
        left.__exit__(type(error), error, None)

    return leave


def test_a_lost_connection_is_one_error_that_says_how_to_go_on(outside):
    expected = r"connection to ray://h:10001 was lost; .* resume with --address ray://h:10001"
    with pytest.raises(SweepError, match=expected):
        outside(Broken())
    with pytest.raises(SweepError, match=expected):
        outside(ValueError("anything"), connected=False)


@pytest.mark.parametrize("error", [ValueError("a bug"), ResultsError("known"), KeyboardInterrupt()])
def test_what_has_another_cause_is_left_as_it_is(outside, error):
    outside(error)
    if not isinstance(error, ValueError):
        outside(error, connected=False)


def test_what_the_client_cannot_carry_is_refused(small_space_text):
    text = small_space_text + "tracking: {wandb: project}\n"
    sweep = JoinedRay("ray://h:10001", parse_space(text))
    sweep._outside = True
    with pytest.raises(InputError, match=r"tracking\.wandb must be left out through Ray Client"):
        sweep._check()

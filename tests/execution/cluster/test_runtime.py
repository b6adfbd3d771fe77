import pytest
import ray

from class_sweep.config.document import parse_space
from class_sweep.errors import InputError
from class_sweep.execution.cluster import runtime
from class_sweep.execution.cluster.guard import Guard
from class_sweep.execution.cluster.local import LocalRay
from class_sweep.execution.cluster.runtime import JoinedCluster, open_runtime


def test_an_address_joins_a_cluster_and_none_starts_a_local_instance(monkeypatch, small_space_text):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    space = parse_space(small_space_text)
    assert isinstance(open_runtime(space, None, Guard()), LocalRay)
    assert isinstance(open_runtime(space, "auto", Guard()), JoinedCluster)
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    assert isinstance(open_runtime(space, None, Guard()), JoinedCluster)


def test_a_cluster_that_cannot_be_joined_is_an_error(monkeypatch, small_space_text):
    def other_python(**_):
        raise RuntimeError("Version mismatch: The cluster was started with:\n    Python: 3.99.1")

    monkeypatch.setattr(runtime, "require_cluster", lambda _: "10.0.0.1:6379")
    monkeypatch.setattr(ray, "init", other_python)
    with (
        pytest.raises(
            InputError,
            match=r"join the cluster at auto, got: Version mismatch: .*with: Python: 3\.99\.1",
        ),
        JoinedCluster("auto", parse_space(small_space_text)),
    ):
        pass

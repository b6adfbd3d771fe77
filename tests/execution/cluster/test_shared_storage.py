"""The check that every machine of a cluster reaches the checkpoints."""

import pytest

from class_sweep.errors import InputError, StorageError
from class_sweep.execution.cluster.shared_storage import (
    node_of_each_machine,
    require_shared,
    unreachable_reason,
)
from class_sweep.storage.remote import Storage


def node(name, host="head", ip="10.0.0.1", alive=True):
    return {
        "NodeID": name, "NodeManagerHostname": host, "NodeManagerAddress": ip, "Alive": alive,
    }  # fmt: skip


def test_live_machines_are_distinct_by_name_and_address():
    nodes = [
        node("a"), node("b"), node("c", host="worker", ip="10.0.0.2"),
        node("d", host="worker", ip="10.0.0.3"), node("e", host="gone", alive=False),
    ]  # fmt: skip
    assert node_of_each_machine(nodes) == {
        "head (10.0.0.1)": "a", "worker (10.0.0.2)": "c", "worker (10.0.0.3)": "d",
    }  # fmt: skip


def test_a_single_machine_with_a_local_path_is_not_checked(tmp_path):
    # Without Ray a check would fail.
    require_shared(Storage.parse(str(tmp_path)), [node("a"), node("b")])


def test_a_machine_reaches_a_location_where_it_reads_the_marker_and_writes(tmp_path):
    storage = Storage.parse(str(tmp_path))
    assert unreachable_reason(storage, "marker") == "the driver's file is not there"
    storage.put("marker", b"x")
    assert unreachable_reason(storage, "marker") is None
    assert set(storage.files()) == {"marker"}


def test_a_machine_that_cannot_write_has_a_reason(tmp_path, monkeypatch):
    storage = Storage.parse(str(tmp_path))
    storage.put("marker", b"x")

    def refused(self, name, content):
        raise StorageError("read-only file system")

    monkeypatch.setattr(Storage, "put", refused)
    assert unreachable_reason(storage, "marker") == "read-only file system"


@pytest.mark.ray
def test_each_of_several_machines_is_checked_and_the_failed_ones_are_named(ray_instance, tmp_path):
    import ray

    storage = Storage.parse(str(tmp_path))
    (here,) = ray.nodes()
    require_shared(storage, [here, here | {"NodeManagerHostname": "twin"}])
    assert storage.files() == {}
    gone = node("a" * 56, host="worker", ip="10.0.0.9")
    with pytest.raises(InputError, match=r"checkpoints, got .*: worker \(10\.0\.0\.9\): "):
        require_shared(storage, [here, gone])
    assert storage.files() == {}

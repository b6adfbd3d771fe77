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


def test_machines_are_counted_by_name_and_address_and_only_while_they_live():
    nodes = [
        node("a"), node("b"), node("c", host="worker", ip="10.0.0.2"),
        node("d", host="worker", ip="10.0.0.3"), node("e", host="gone", alive=False),
    ]  # fmt: skip
    assert node_of_each_machine(nodes) == {
        "head (10.0.0.1)": "a", "worker (10.0.0.2)": "c", "worker (10.0.0.3)": "d",
    }  # fmt: skip


def test_one_machine_with_its_own_disk_is_not_asked(tmp_path):
    require_shared(Storage.parse(str(tmp_path)), [node("a"), node("b")])  # there is no Ray to ask


def test_a_machine_that_sees_the_marker_and_writes_beside_it_reaches_the_place(tmp_path):
    place = Storage.parse(str(tmp_path))
    assert unreachable_reason(place, "marker") == "the driver's file is not there"
    place.put("marker", b"x")
    assert unreachable_reason(place, "marker") is None
    assert set(place.files()) == {"marker"}


def test_a_machine_that_may_not_write_says_why(tmp_path, monkeypatch):
    place = Storage.parse(str(tmp_path))
    place.put("marker", b"x")

    def refused(self, name, content):
        raise StorageError("read-only file system")

    monkeypatch.setattr(Storage, "put", refused)
    assert unreachable_reason(place, "marker") == "read-only file system"


@pytest.mark.ray
def test_on_several_machines_each_is_checked_and_the_failing_ones_are_named(ray_instance, tmp_path):
    import ray

    place = Storage.parse(str(tmp_path))
    (here,) = ray.nodes()
    require_shared(place, [here, here | {"NodeManagerHostname": "twin"}])
    assert place.files() == {}
    gone = node("a" * 56, host="worker", ip="10.0.0.9")
    with pytest.raises(
        InputError, match=r"which --storage names, got .*: worker \(10\.0\.0\.9\): "
    ):
        require_shared(place, [here, gone])
    assert place.files() == {}

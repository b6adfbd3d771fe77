import pytest
import yaml

from class_sweep.config.sections import Resources
from class_sweep.errors import SweepError
from class_sweep.execution.cluster import trial_slots
from class_sweep.execution.cluster.trial_slots import TrialSlots, launchable_machines
from class_sweep.execution.interrupts import StopRequest
from class_sweep.preparation.capacity import Machine

ONE = Machine("one", 4, 1)


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves."""
    now = [100.0]
    monkeypatch.setattr(trial_slots.time, "monotonic", lambda: now[0])
    return now


def test_slots_follow_the_nodes_that_join_and_leave(clock):
    there = [ONE]
    slots = TrialSlots(Resources(cpus=1, gpus=0.5), None, lambda: list(there))
    stop = StopRequest()
    assert slots(100, stop) == 2
    there.append(ONE)
    assert slots(100, stop) == 2  # it looks once a second
    clock[0] += 1
    assert slots(100, stop) == 4
    assert slots(3, stop) == 3
    there.clear()
    clock[0] += 1
    assert slots(100, stop) == 1  # one waits in line for a machine
    assert not stop.asked


def test_a_limit_holds_whatever_there_is():
    assert TrialSlots(Resources(cpus=1), 3, lambda: [ONE])(100, StopRequest()) == 3


def test_what_can_be_launched_is_asked_for():
    slots = TrialSlots(Resources(cpus=1, gpus=1), None, lambda: [Machine("head", 4, 0)], [ONE] * 8)
    assert slots(100, StopRequest()) == 8


def test_a_node_that_is_wrong_stops_the_sweep_with_its_reason():
    def wrong():
        raise SweepError("node x has torch 1.0")

    stop = StopRequest()
    assert TrialSlots(Resources(), None, wrong)(100, stop) == 0
    assert stop.asked
    assert str(stop.reason) == "node x has torch 1.0"


def test_what_the_launcher_may_add_is_read_from_what_it_left(monkeypatch, tmp_path):
    path = tmp_path / "bootstrap.yaml"
    monkeypatch.setattr(trial_slots, "_BOOTSTRAP_CONFIG", path)
    assert launchable_machines() == []
    tree = {
        "max_workers": 3,
        "head_node_type": "head",
        "available_node_types": {
            "head": {"resources": {"CPU": 8}, "max_workers": 0},
            "spot": {"resources": {"CPU": 4, "GPU": 1}, "max_workers": 10},
            "large": {"resources": {"CPU": 32, "GPU": 8}, "max_workers": 1},
            "unsized": {},
        },
    }
    spot, large, unsized = (
        Machine(f"type {name}", *sizes)
        for name, sizes in (("spot", (4, 1)), ("large", (32, 8)), ("unsized", (0, 0)))
    )
    path.write_text(yaml.safe_dump(tree, sort_keys=False))
    assert launchable_machines() == [large, spot, unsized]
    tree["max_workers"] = 5
    path.write_text(yaml.safe_dump(tree, sort_keys=False))
    assert launchable_machines() == [large, spot, unsized, spot, spot]

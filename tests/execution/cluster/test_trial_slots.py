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


def test_slots_follow_machines_that_join_and_leave(clock):
    machines = [ONE]
    slots = TrialSlots(Resources(cpus=1, gpus=0.5), None, lambda: list(machines))
    stop = StopRequest()
    assert slots(100, stop) == 2
    machines.append(ONE)
    assert slots(100, stop) == 2  # machines are counted once a second
    clock[0] += 1
    assert slots(100, stop) == 4
    assert slots(3, stop) == 3
    machines.clear()
    clock[0] += 1
    assert slots(100, stop) == 1  # one trial waits in Ray's queue
    assert not stop.asked


def test_the_limit_of_the_space_holds():
    assert TrialSlots(Resources(cpus=1), 3, lambda: [ONE])(100, StopRequest()) == 3


def test_launchable_machines_count():
    slots = TrialSlots(Resources(cpus=1, gpus=1), None, lambda: [Machine("head", 4, 0)], [ONE] * 8)
    assert slots(100, StopRequest()) == 8


def test_a_machine_that_was_launched_is_not_counted_twice():
    resources, launchable = Resources(cpus=1, gpus=1), [ONE] * 8
    for present, fit in ((3, 8), (9, 9)):
        slots = TrialSlots(resources, None, lambda n=present: [ONE] * n, launchable)
        assert slots(100, StopRequest()) == fit


def test_an_unusable_node_stops_the_sweep_with_the_reason():
    def wrong():
        raise SweepError("node x has torch 1.0")

    stop = StopRequest()
    assert TrialSlots(Resources(), None, wrong)(100, stop) == 0
    assert stop.asked
    assert str(stop.reason) == "node x has torch 1.0"


def test_launchable_machines_are_read_from_the_launchers_file(monkeypatch, tmp_path):
    path = tmp_path / "bootstrap.yaml"
    monkeypatch.setattr(trial_slots, "_BOOTSTRAP_CONFIG", path)
    assert launchable_machines() == []
    tree = {
        "max_workers": 3,
        "head_node_type": "head",
        "available_node_types": {
            "head": {"resources": {"CPU": 8}},  # the head itself is present already
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

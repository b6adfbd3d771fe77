import torch

from class_sweep.execution.cluster.software import software_probe, version_differences


def test_this_machine_runs_what_it_runs():
    own = software_probe()()
    assert set(own) == {"class-sweep", "Python", "torch"}
    assert own["torch"] == torch.__version__.partition("+")[0]
    assert version_differences(own, software_probe()()) == ""


def test_what_differs_is_said_with_both_sides():
    own = {"class-sweep": "1 of sources a", "Python": "3.11", "torch": "2.13.0"}
    other = {"class-sweep": "none", "Python": "3.11", "torch": "2.12.0"}
    assert version_differences(own, other) == (
        "class-sweep none (here 1 of sources a), torch 2.12.0 (here 2.13.0)"
    )

import torch

from class_sweep.execution.cluster.software import software_probe, version_differences


def test_a_machine_does_not_differ_from_itself():
    here = software_probe()()
    assert set(here) == {"class-sweep", "Python", "torch"}
    assert here["torch"] == torch.__version__.partition("+")[0]
    assert version_differences(here, software_probe()()) == ""


def test_a_difference_names_both_versions():
    here = {"class-sweep": "1 of sources a", "Python": "3.11", "torch": "2.13.0"}
    other = {"class-sweep": "none", "Python": "3.11", "torch": "2.12.0"}
    assert version_differences(here, other) == (
        "class-sweep none (here 1 of sources a), torch 2.12.0 (here 2.13.0)"
    )

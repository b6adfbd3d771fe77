import torch
from plugin_texts import package_of_parts

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


def test_a_package_of_own_parts_must_have_the_version_of_this_machine(monkeypatch, tmp_path):
    versions = {}
    for version in ("none", "1.2", "1.3"):
        with monkeypatch.context() as patched:
            if version != "none":
                patched.syspath_prepend(package_of_parts(tmp_path / version, version))
            versions[version] = software_probe()()
    assert versions["1.2"] == versions["none"] | {"my-parts": "1.2"}
    assert version_differences(versions["1.2"], versions["1.3"]) == "my-parts 1.3 (here 1.2)"
    assert version_differences(versions["1.2"], versions["none"]) == "my-parts none (here 1.2)"
    assert version_differences(versions["none"], versions["1.2"]) == ""

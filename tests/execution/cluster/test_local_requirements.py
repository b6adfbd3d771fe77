import shutil
import subprocess
import sys

import psutil
import pytest

from class_sweep.errors import InputError
from class_sweep.execution.cluster import local_requirements
from class_sweep.execution.cluster.local_requirements import require_local_ray


def test_this_machine_can_run_ray():
    require_local_ray()


@pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare")
def test_a_machine_without_a_loopback_interface_is_refused():
    script = (
        "from class_sweep.execution.cluster.local_requirements import require_local_ray\n"
        "require_local_ray()\n"
    )
    command = ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-c", script]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    if "unshare" in done.stderr:
        pytest.skip("this machine makes no network namespaces")
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("class_sweep.errors.InputError: 127.0.0.1 must answer, got: ")
    assert last.endswith("; bring the loopback interface up with: ip link set lo up")


@pytest.mark.parametrize(
    ("limit", "flag"), [("RLIMIT_FSIZE", "-f unlimited"), ("RLIMIT_AS", "-v unlimited")]
)
def test_a_limit_below_the_object_store_is_refused(limit, flag):
    script = (
        "import resource\n"
        "from class_sweep.execution.cluster.local_requirements import require_local_ray\n"
        f"resource.setrlimit(resource.{limit}, (1 << 30, 1 << 30))\n"
        "require_local_ray()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=60
    )
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("class_sweep.errors.InputError: the limit on the "), done.stderr
    assert ", got 1048576 (ulimit" in last
    assert last.endswith(f"raise it with: ulimit {flag}")


@pytest.mark.parametrize("exact", [True, False])
def test_the_object_store_is_as_large_as_ray_makes_it(monkeypatch, exact):
    """Ray's own figure, from the same memory at the same moment."""
    from ray._private.utils import resolve_object_store_memory

    memory = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(local_requirements, "_CGROUP_LIMITS", ())
    if not exact:  # far beyond the shared memory
        memory = memory._replace(available=1 << 50)
    expected = resolve_object_store_memory(memory.available)
    assert local_requirements._store_bytes() == pytest.approx(expected, rel=0.01)


def test_a_machine_without_shared_memory_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(local_requirements, "_SHARED_MEMORY", tmp_path / "none")
    with pytest.raises(
        InputError, match=r"shared memory for Ray, got .*none: No such file .*tmpfs"
    ):
        require_local_ray()

import shutil
import subprocess
import sys

import pytest

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

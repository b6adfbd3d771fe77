import os
import subprocess
import sys


def test_ray_can_be_imported_where_the_user_has_no_home():
    """In a container whose user is in no list, Ray's import fails without HOME."""
    script = (
        "import os, pwd\n"
        "def unknown(_): raise KeyError\n"
        "pwd.getpwuid = unknown\n"
        "import class_sweep.execution.interrupts\n"
        "print(os.environ['HOME'])\n"
    )
    without = {k: v for k, v in os.environ.items() if k not in {"HOME", "USER", "LOGNAME"}}
    done = subprocess.run(
        [sys.executable, "-c", script], env=without, check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "/\n"), done.stderr

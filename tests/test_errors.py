"""The commands that errors name can be pasted into a shell, whatever the folder is called."""

import shlex
import subprocess
from pathlib import Path

import pytest

from class_sweep.errors import InterruptedSweepError, command_line


@pytest.mark.parametrize("name", ["plain", "a b", "x; touch owned", "$(touch owned)", "it's", "σ?"])
def test_a_shell_reads_the_words_of_a_command(tmp_path, name):
    line = command_line("resume", Path("results") / name)
    script = f"class-sweep() {{ printf '%s\\n' \"$@\"; }}\n{line}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["resume", f"results/{name}"]
    assert not list(tmp_path.iterdir())
    assert shlex.split(str(InterruptedSweepError(Path(name))))[-1] == name

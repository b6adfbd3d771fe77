"""clusters/slurm.sh as Slurm runs it: two simulated machines, and replacements for srun."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from machines import lacking
from waiting import patience, wait_for

from class_sweep.results.folder import ResultsFolder

pytestmark = pytest.mark.cluster

# The first machine is this one, which also runs the batch script. The second has its own /tmp with
# the folders that would be on the shared disk.
SRUN = """\
#!/usr/bin/env bash
node=127.0.0.1
while [[ $1 == --* ]]; do
  [[ $1 == --nodelist=* ]] && node=${1#--nodelist=}
  shift
done
[[ $node == 127.0.0.1 ]] && exec "$@"
exec unshare --mount bash -c '
  for shared in $SHARED; do
    if [[ $shared == /tmp/* ]]; then
      mkdir -p "$0/${shared#/tmp/}"
      mount --bind "$shared" "$0/${shared#/tmp/}"
    fi
  done
  mkdir -p "$0" && mount --rbind "$0" /tmp && exec "$@"' "$MACHINES/$node" "$@"
"""
SCONTROL = "#!/usr/bin/env bash\nprintf '%s\\n' 127.0.0.1 127.0.0.2\n"


class Job:
    """A Slurm job that was submitted from a folder."""

    def __init__(self, folder: Path, checkout: Path, space: str) -> None:
        self.folder, self.number = folder, str(os.getpid())
        self._script = checkout / "clusters" / "slurm.sh"
        (folder / ".venv").symlink_to(sys.prefix)
        (folder / "small.yaml").write_text(space)
        for name, text in {"srun": SRUN, "scontrol": SCONTROL}.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        self._environment = {
            "HOME": str(folder),
            "PATH": f"{folder}:/usr/bin:/bin",
            "PYTHONPATH": str(checkout),
            "CLASS_SWEEP_CACHE": os.environ["CLASS_SWEEP_CACHE"],
            "MACHINES": str(folder / "machines"),
            "SHARED": f"{checkout} {sys.prefix}",
            "SLURM_SUBMIT_DIR": str(folder),
            "SLURM_JOB_ID": self.number,
            "SLURM_JOB_NODELIST": "machine[1-2]",
            "SLURM_CPUS_PER_TASK": "1",
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["bash", str(self._script), *arguments], env=self._environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip


@pytest.fixture
def job(checkout, small_space_text) -> Iterator[Job]:
    if reason := lacking():
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="class-sweep-", dir="/var/tmp"))
    yield Job(folder, checkout, small_space_text.replace(", max_concurrent: 1", ""))
    shutil.rmtree(folder)


def test_a_sweep_stops_before_the_time_limit_and_another_job_continues_it(job):
    """Slurm sends USR1 before the limit; running trials continue to their next report."""
    results = job.folder / "results" / "small"
    first = job.start("run", "small.yaml", "--out", str(results))
    wait_for(first, (results / "trials.jsonl").exists, usual=30)
    private = job.folder / f".class-sweep-{job.number}"
    assert private.stat().st_mode & 0o077 == 0
    temporary = Path(f"/tmp/sweep-{job.number}")  # noqa: S108
    assert temporary.stat().st_mode & 0o077 == 0
    first.send_signal(signal.SIGUSR1)
    output, _ = first.communicate(timeout=patience())
    assert first.returncode == 130, output
    assert "class-sweep resume" in output
    assert not private.exists()
    assert not temporary.exists()
    before = len(ResultsFolder.existing(results).records())

    second = job.start("resume", str(results))
    output, _ = second.communicate(timeout=patience())
    assert second.returncode == 0, output
    folder = ResultsFolder.existing(results)
    assert folder.read_summary().state == "finished"
    assert len(folder.records()) > before


def test_a_head_that_does_not_start_ends_the_job_with_its_error(job):
    (job.folder / "srun").write_text("#!/bin/sh\necho no such partition >&2\nexit 1\n")
    process = job.start("run", "small.yaml")
    output, _ = process.communicate(timeout=patience())
    assert process.returncode == 1
    assert "no such partition" in output
    assert "error: the head of the cluster must answer at 127.0.0.1:" in output
